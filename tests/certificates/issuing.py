"""An issuer with keys of its own, and the signing of what a story issued."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import time

from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.issuer import Issuer, name_context
from certificates.signing import due_after
from certificates.commands.sign_credentials import sign_credentials
from certificates.storage.words import Words
from mitra_shared.contracts.codec import decode
from mitra_shared.contracts.topics import CERTIFICATES
