"""Who stands behind an address, as far as DNS and registries say, and what an organisation calls its services itself."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from reports.models.organisation import Organisation


class AddressIdentity(models.Model):
    """What was found about one address, kept with its age. Whose reports named the address does not stand here.

    `name` is the address's own claim (PTR) and confirmed where it leads back to the address; `base_domain` is that of a
    confirmed name alone. `service_basis` says what `service_name` rests on: the confirmed name, or, weaker, the owner
    of the network. Written by reports.enrichment alone; pages read it, and rules and verdicts never do.
    """

    class Basis(models.TextChoices):
        NAME = "name"
        NETWORK = "network"

    address = models.GenericIPAddressField(primary_key=True)
    name = models.CharField(max_length=253, blank=True)
    is_confirmed = models.BooleanField(default=False)
    base_domain = models.CharField(max_length=253, blank=True)
    asn = models.PositiveBigIntegerField(null=True, blank=True)
    as_name = models.CharField(max_length=200, blank=True)
    as_domain = models.CharField(max_length=253, blank=True)
    country = models.CharField(max_length=2, blank=True)
    service_name = models.CharField(max_length=200, blank=True)
    service_type = models.CharField(max_length=40, blank=True)
    service_basis = models.CharField(max_length=7, choices=Basis.choices, blank=True)
    looked_up_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)
    recent_failing = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "address identities"
        constraints = [
            models.CheckConstraint(
                condition=Q(is_confirmed=True) | Q(base_domain=""), name="identity_base_domain_is_confirmed"
            ),
            models.CheckConstraint(
                condition=~Q(service_basis="name") | Q(is_confirmed=True), name="identity_service_by_confirmed_name"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="identity_by_due_time"),
            models.Index(fields=["service_name"], condition=~Q(service_name=""), name="identity_by_service"),
            models.Index(fields=["asn"], condition=Q(asn__isnull=False), name="identity_by_asn"),
            models.Index(fields=["country"], condition=~Q(country=""), name="identity_by_country"),
        ]

    def __str__(self) -> str:
        return str(self.address)


class ServiceName(models.Model):
    """What an organisation calls the service behind a network or behind confirmed names of a domain; before any map."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    base_domain = models.CharField(max_length=253, blank=True)
    network = models.CharField(max_length=43, blank=True, validators=[RegexValidator(r"^[0-9a-f:./]*$")])
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=40, blank=True)
    named_by_name = models.CharField(max_length=150)
    named_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(base_domain="") & ~Q(network="")) | (~Q(base_domain="") & Q(network="")),
                name="service_name_for_one_thing",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="service_name_not_empty"),
            models.UniqueConstraint(
                fields=["organisation", "base_domain", "network"], name="service_name_once_per_thing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.network or self.base_domain}: {self.name}"
