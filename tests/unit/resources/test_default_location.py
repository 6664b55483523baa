"""client.location is a string that can be called, and holds no reference to the client."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import pytest

import cloudtasks_nb as ct


def test_a_forgotten_client_ends_at_once_and_its_emulator_with_it() -> None:
    gc.disable()  # without the cyclic garbage collector
    try:
        client = ct.connect("p", "us-central1", endpoint="http://localhost:1")
        watched = [weakref.ref(client), weakref.ref(client._session)]
        del client
        assert [one() for one in watched] == [None, None]
    finally:
        gc.enable()


def test_copied_or_pickled_it_is_the_id_and_nothing_else() -> None:
    with ct.connect("p", "us-central1", endpoint="http://localhost:1") as client:
        for again in (copy.copy(client.location), pickle.loads(pickle.dumps(client.location))):  # noqa: S301
            assert (type(again), again) == (str, "us-central1")


def test_without_a_default_there_is_nothing_to_read() -> None:
    from cloudtasks_nb.client import Client
    from cloudtasks_nb.rest.auth import Auth
    from cloudtasks_nb.rest.session import Session

    with Client(Session("http://localhost:1", Auth()), "p") as client:
        assert client.location == ""
        with pytest.raises(ct.ConfigError, match="no default location"):
            client.location()
