import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """The tests neither use nor fill the user's cache."""
    before = os.environ.get("SOURCEAD_CACHE_DIR")
    os.environ["SOURCEAD_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["SOURCEAD_CACHE_DIR"]
    else:
        os.environ["SOURCEAD_CACHE_DIR"] = before


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew")
