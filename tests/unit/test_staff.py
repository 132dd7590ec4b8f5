"""Looking at a customer's contacts where no agreement allows it."""

from __future__ import annotations

import pytest

from mohlat.domain.errors import Conflict
from mohlat.domain.staff import look_at_contact
from tests.builders import START, agreement_with_trial, registered


def test_an_agreement_that_is_silent_lets_nobody_look() -> None:
    agreement = agreement_with_trial()
    with pytest.raises(Conflict):
        look_at_contact(registered(agreement), agreement, None, "curious", START, by="operator:nima")
