"""A full disk costs nothing but time: the call says temporary, keeps nothing, and works again when there is space."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# RLIMIT_FSIZE is the full disk: writes past it fail with EFBIG, as on a full one with ENOSPC.
_CHILD = """
import resource, sys
from datetime import UTC, datetime
from maild.desk.case import Case
from maild.store import Incoming, Store, TemporaryStoreError

NOW = datetime(2026, 1, 10, tzinfo=UTC)
store = Store.open(sys.argv[1], bytes(range(32)))
kept = []
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
failed = 0
for n in range(100):
    try:
        kept += store.accept([Incoming("smtp", NOW, None, (), b"%d " % n * 20_000)])
    except TemporaryStoreError as error:
        assert "disk" in str(error), error
        failed += 1
assert failed and kept, (failed, kept)
try:
    with store.transaction() as t:
        t.put_case(Case(number=t.new_number(), desk="d", client="a@x.example", opened=NOW), {})
        t.remember("long", "x" * 700_000)
except TemporaryStoreError:
    pass
else:
    raise AssertionError("the transaction was kept")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
kept += store.accept([Incoming("smtp", NOW, None, (), b"after")])
with store.transaction() as t:
    t.put_case(Case(number=t.new_number(), desk="d", client="a@x.example", opened=NOW), {})
assert [mail.id for mail in store.take(1000, NOW)] == kept
assert len(store.list_cases()) == 1
assert store.check_consistency() == []
print("went on after", failed)
"""


def test_work_goes_on_when_there_is_space_again(path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    command = [sys.executable, "-c", _CHILD, f"sqlite:///{path}"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("went on after")
