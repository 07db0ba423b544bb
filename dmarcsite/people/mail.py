"""The invitation as a mail, for installations that can send mail. Never stands in the way: else the link is shown."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.utils.translation import gettext as _

from dmarcsite.models import RoleGrant
from reports.viewer import Viewer

logger = logging.getLogger(__name__)


def send_invitation(grant: RoleGrant, *, link: str, viewer: Viewer) -> bool:
    """Send the link to the invited person; False where no mail server is set up or it refused."""
    if not settings.HAS_MAIL_SERVER:
        return False
    subject = _("Invitation to Sekimori (%(organisation)s)") % {"organisation": viewer.organisation_name}
    body = _(
        "%(person)s invites you to Sekimori, where %(organisation)s looks after its DMARC reports.\n\n"
        "Open this link within seven days to choose a password:\n%(link)s\n"
    ) % {"person": viewer.user_name, "organisation": viewer.organisation_name, "link": link}
    try:
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [grant.email])
    except (SMTPException, OSError) as error:
        logger.warning("the invitation could not be sent: %s", error)
        return False
    return True
