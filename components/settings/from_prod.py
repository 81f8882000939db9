"""Copies of another environment's data: from which bucket, and what is masked in them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.settings.base import Model
from components.settings.values import BucketName, BucketPrefix, ColumnName, HttpsUrl, Name, Secret


class Mask(Model):
    """What a column holds in the copy. ``optional``: the column may be missing."""

    masker: Literal["null", "fixed", "hash", "email", "redact"] = Field(alias="with")
    value: str | int | float | bool | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if (self.masker == "fixed") != (self.value is not None):
            raise ValueError("needs a value with fixed, and with no other masker")
        return self

    @property
    def text(self) -> str:
        """The value as PostgreSQL reads it."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return "" if self.value is None else str(self.value)


class SourceBucket(Model):
    """The other environment's bucket, through its S3 API, with a key that may only read."""

    kind: Literal["b2", "s3"]
    name: BucketName
    prefix: BucketPrefix = "postgresql"
    endpoint: HttpsUrl
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]+$")
    key_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z]+$")]
    key: Secret


class FromProd(Model):
    """The environment whose backups are read, its bucket with a key that may only read, and their passphrase.

    ``mask``: each service whose database is copied, with the columns that are masked in it; those that are not named
    are never copied.
    """

    environment: Literal["prod", "qa", "local"] = "prod"
    bucket: SourceBucket
    passphrase: Secret
    mask: Annotated[dict[Name, dict[ColumnName, Mask]], Field(min_length=1)]
