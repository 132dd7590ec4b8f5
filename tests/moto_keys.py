"""moto's RSA keys, made once per process.

moto makes one for every KMS key, also for those that never use it, and reads its pools' own anew for every
pool: most of the time that a test of a handler took. Importing this module is all there is to do.
"""

from __future__ import annotations

import json
from functools import cache
from types import SimpleNamespace

from joserfc import jwk
from moto.cognitoidp import models as pools
from moto.kms import models as keys
from moto.kms.utils import AbstractPrivateKey, KeySpec, generate_private_key

_shared = cache(generate_private_key)


def _generate(key_spec: str) -> AbstractPrivateKey:
    # Those that sign are each their own.
    return generate_private_key(key_spec) if key_spec in KeySpec.ecc_key_specs() else _shared("RSA_2048")


@cache
def _imported(text: str) -> jwk.RSAKey:
    return jwk.RSAKey.import_key(json.loads(text))


keys.generate_private_key = _generate  # type: ignore[assignment]
pools.jwk = SimpleNamespace(  # type: ignore[assignment]
    RSAKey=SimpleNamespace(import_key=lambda key: _imported(json.dumps(key)))
)
