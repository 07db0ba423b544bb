"""What a visit to a mailbox does step by step, and what each `reports.vocabulary.MailboxFault` asks for."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.sentences.reasons import Explanation
from reports.vocabulary import MailboxFault, MailboxStep, PlaceKind

_STEPS: Mapping[str, str | Promise] = {
    MailboxStep.RESOLVE: _("Look up the host name"),
    MailboxStep.CONNECT: _("Connect"),
    MailboxStep.TLS: _("Encrypt the connection"),
    MailboxStep.LOGIN: _("Log in"),
    MailboxStep.ALLOWED: _("Ask whether the path is allowed"),
    MailboxStep.BUCKET: _("Open the bucket"),
    MailboxStep.FOLDER: _("Open the folder"),
    MailboxStep.COUNT: _("Count the messages"),
}

_FAULTS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    MailboxFault.NAME_UNKNOWN: (
        _("The host name has no address."),
        _("Check its spelling, and that this server can ask the DNS."),
    ),
    MailboxFault.ADDRESS_REFUSED: (
        _("The host lies in a network to which no connection may be made from here."),
        _("If it is your own mail server, add its network to SEKIMORI_OUTGOING_ALLOWED_NETWORKS."),
    ),
    MailboxFault.UNREACHABLE: (
        _("The host does not answer on this port."),
        _("Check host and port, and that no firewall stands between."),
    ),
    MailboxFault.CERTIFICATE_UNTRUSTED: (
        _("The server's certificate is not one that is trusted here, or is not for this host name."),
        _("Use the name that stands in the certificate, or give the certificate of your own authority below."),
    ),
    MailboxFault.CERTIFICATE_UNREADABLE: (
        _("The certificate of your own authority cannot be read."),
        _("Paste it in PEM form, from BEGIN CERTIFICATE to END CERTIFICATE."),
    ),
    MailboxFault.TLS_FAILED: (
        _("The encrypted connection could not be set up."),
        _("Check that port and encryption belong together: 993 is encrypted from the start, 143 uses STARTTLS."),
    ),
    MailboxFault.STARTTLS_MISSING: (
        _("The server does not offer STARTTLS."),
        _("Use port 993 with encryption from the start."),
    ),
    MailboxFault.NOT_IMAP: (
        _("Something answers there, but it does not speak IMAP."),
        _("Check the port: 993 or 143 is usual."),
    ),
    MailboxFault.LOGIN_REFUSED: (
        _("The server refuses this user name and password."),
        _("Enter the password again; many providers ask for an app password here."),
    ),
    MailboxFault.SECRET_UNREADABLE: (
        _("The stored password was sealed with a key that is gone."),
        _("Enter the password again."),
    ),
    MailboxFault.SETTINGS_UNREADABLE: (
        _("The settings of this mailbox cannot be read by this version."),
        _("Open the mailbox, check its fields, and save it again."),
    ),
    MailboxFault.ITEM_UNREADABLE: (
        _("Everything was read but some items, which cannot be opened."),
        _("The detail names one and the reason. Repair or remove it; it is tried again at each visit."),
    ),
    MailboxFault.RAW_STORE_AWAY: (
        _("The mailbox answers, but the bucket in which mails are kept does not take or give them."),
        _("Nothing was lost and no mail was marked. It is tried again by itself; the operator finds the reason in the log."),
    ),
    MailboxFault.LOCAL_OFF: (
        _("Files of this server are not read, because its operator has not allowed any."),
        _("The operator can name the directory that may be read in SEKIMORI_LOCAL_PLACES_ROOT."),
    ),
    MailboxFault.PATH_OUTSIDE: (
        _("The path leads out of the directory that may be read."),
        _("Name a path below it; links that lead out of it are not followed."),
    ),
    MailboxFault.PATH_MISSING: (
        _("There is no such file or directory."),
        _("Check the path, and whether it is mounted where Sekimori runs."),
    ),
    MailboxFault.PATH_FORBIDDEN: (
        _("The account that Sekimori runs as may not read or change this."),
        _("Give that account the right to it."),
    ),
    MailboxFault.PATH_FAILED: (
        _("The file system answered with an error."),
        _("It is tried again by itself; if it keeps happening, look at the disk or the mount."),
    ),
    MailboxFault.NOT_A_MAILDIR: (
        _("This is no Maildir: it has no directories new and cur."),
        _("Name the directory above them. For loose files, choose a watched folder instead."),
    ),
    MailboxFault.FILE_LOCKED: (
        _("Another program is writing to the file."),
        _("It is tried again by itself. A lock file that was left behind counts for an hour."),
    ),
    MailboxFault.BUCKET_MISSING: (
        _("There is no such bucket."),
        _("Check its name, the region and the endpoint."),
    ),
    MailboxFault.KEY_REFUSED: (
        _("The storage does not know this access key, or the secret does not belong to it."),
        _("Enter both again; the region must be the bucket's."),
    ),
    MailboxFault.ACCESS_DENIED: (
        _("This access key may not do that in this bucket."),
        _("Allow it to list and get objects, and to put, tag and delete them where they are tagged or moved."),
    ),
    MailboxFault.SIGN_IN_MISSING: (
        _("Nobody has signed in for this mailbox yet."),
        _("Open the mailbox and choose Sign in."),
    ),
    MailboxFault.SIGN_IN_ENDED: (
        _("The sign-in has ended: the provider takes it no more. A new password or an administrator can cause that."),
        _("Open the mailbox and choose Sign in."),
    ),
    MailboxFault.SIGN_IN_EXPIRED: (
        _("The code was not entered in time."),
        _("Choose Sign in to get a new one."),
    ),
    MailboxFault.SIGN_IN_DENIED: (
        _("The sign-in was declined at the provider."),
        _("Sign in as somebody who may open this mailbox, and agree there."),
    ),
    MailboxFault.SIGN_IN_REFUSED: (
        _("The provider refuses the sign-in."),
        _("Its answer, below, says why; the registration of this application there is the usual place to look."),
    ),
    MailboxFault.CLIENT_REFUSED: (
        _("The provider does not know this application, or its secret is not right."),
        _("Check client id, tenant and client secret; secrets expire there."),
    ),
    MailboxFault.SCOPE_REFUSED: (
        _("The provider does not let this application read mail."),
        _("Add the permission to the registration there, as the page about this provider tells."),
    ),
    MailboxFault.TOKEN_REFUSED: (
        _("The mail server refuses the sign-in that the provider has accepted."),
        _("Check the user name, that IMAP is switched on for it, and that the permission is granted there."),
    ),
    MailboxFault.PROVIDER_BUSY: (
        _("The provider cannot answer at the moment."),
        _("It is tried again by itself."),
    ),
    MailboxFault.FOLDER_MISSING: (
        _("There is no such folder."),
        _("Check its name, capital letters and parents included, or make it in your mail program."),
    ),
    MailboxFault.FOLDER_READ_ONLY: (
        _("The folder can be read but not changed."),
        _("Give this user the right to change it, or leave the mail as it is after reading."),
    ),
    MailboxFault.MOVE_UNSUPPORTED: (
        _("The server cannot move single messages."),
        _("Choose to flag the mail, or to leave it."),
    ),
    MailboxFault.SERVER_REFUSED: (
        _("The server refused a command."),
        _("Its answer, below, says why; if it is no passing trouble, ask its administrator."),
    ),
    MailboxFault.CONNECTION_LOST: (
        _("The connection broke off."),
        _("It is tried again by itself; if it keeps happening, look at the network."),
    ),
}  # fmt: skip


PLACE_KINDS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    PlaceKind.IMAP: (
        _("IMAP folder"),
        _("A mailbox on any mail server, reached by user name and password or by OAuth."),
    ),
    PlaceKind.GRAPH: (_("Microsoft 365"), _("A mailbox in Exchange Online, read through Microsoft Graph.")),
    PlaceKind.GMAIL: (_("Gmail"), _("A mailbox of Gmail or Google Workspace, read through its API.")),
    PlaceKind.S3: (_("S3 bucket"), _("A bucket of Amazon or of a compatible storage, such as the one of Amazon SES.")),
    PlaceKind.MAILDIR: (_("Maildir"), _("A Maildir on this server, where its operator allows local paths.")),
    PlaceKind.MBOX: (_("mbox file"), _("A file on this server to which mails are appended. It is never written.")),
    PlaceKind.FOLDER: (_("Watched folder"), _("A directory on this server into which others put files of any kind.")),
}
"""What a kind of place is called, and what it is."""


def place_kind_words(kind: str) -> Explanation:
    """The name of a kind of place, and what it is; an unknown one stands for itself."""
    name, meaning = PLACE_KINDS.get(kind, (kind, ""))
    return Explanation(str(name), str(meaning))


def step_words(step: str) -> str:
    """The name of a step; an unknown one stands for itself."""
    return str(_STEPS.get(step, step))


def explain_fault(code: str) -> Explanation:
    """The words for a fault; an unknown code stands for itself, so that nothing is hidden."""
    meaning, advice = _FAULTS.get(code, (code, ""))
    return Explanation(str(meaning), str(advice))
