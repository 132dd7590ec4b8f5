"""What people wrote about a matter: sealed under the tenant's key, in its partition, gone with it."""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import Item, absent, tenant_pk
from mohlat.adapters.sealing import Sealer
from mohlat.application.ports import Words
from mohlat.domain.errors import Gone

_WORDS = "WORDS#"


class WordsItem(Item):
    """What a person wrote, sealed; never changed."""

    sealed = BinaryAttribute(legacy_encoding=False)


def add_words(write: TransactWrite, words: Words, sealer: Sealer) -> None:
    """Adds the sealed words. Raises Gone once the tenant's key is gone."""
    sk = _WORDS + words.id
    sealed = sealer.seal(words.tenant_id, sk, words.text.encode())
    write.save(WordsItem(tenant_pk(words.tenant_id), sk, sealed=sealed), absent())


def words_about(tenant_id: str, id: str, sealer: Sealer) -> str | None:
    """What was written about the matter of this id, unsealed; None if there is nothing or the key is gone."""
    sk = _WORDS + id
    try:
        item = WordsItem.get(tenant_pk(tenant_id), sk, consistent_read=True)
        return sealer.open(tenant_id, sk, item.sealed).decode()
    except (WordsItem.DoesNotExist, Gone):
        return None
