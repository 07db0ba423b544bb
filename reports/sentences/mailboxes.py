"""What a visit to a mailbox does step by step, and what each `reports.vocabulary.MailboxFault` asks for."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.sentences.reasons import Explanation
from reports.vocabulary import MailboxFault, MailboxStep

_STEPS: Mapping[str, str | Promise] = {
    MailboxStep.RESOLVE: _("Look up the host name"),
    MailboxStep.CONNECT: _("Connect"),
    MailboxStep.TLS: _("Encrypt the connection"),
    MailboxStep.LOGIN: _("Log in"),
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


def step_words(step: str) -> str:
    """The name of a step; an unknown one stands for itself."""
    return str(_STEPS.get(step, step))


def explain_fault(code: str) -> Explanation:
    """The words for a fault; an unknown code stands for itself, so that nothing is hidden."""
    meaning, advice = _FAULTS.get(code, (code, ""))
    return Explanation(str(meaning), str(advice))
