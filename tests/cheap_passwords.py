"""Hundreds of tests make users: services that are built within this hash their passwords in a millisecond."""

from unittest.mock import patch

from hcserver.services.accounts import passwords

cheap_passwords = patch.multiple(passwords, _MEMORY=64, _PASSES=1)
