"""Locations and their encryption keys. Source: SPEC sections 1.2 and 2.5; discovery document v2beta2."""

from __future__ import annotations

import re

from ....errors import InvalidArgument, NotFound
from ....model import CmekConfig, Location
from ....model.messages import ListLocationsResponse
from ....names import PROJECT_ID, LocationName, parse_location
from ..calls.filters import parse_filter
from ..calls.masks import parse_mask
from ..rules.locations import REGIONS, check_location, location
from ..rules.pages import Listing
from .context import NOT_FOUND, Serving

MAX_LOCATIONS = 100

_KEY = re.compile(r"projects/[^/\s]+/locations/([^/\s]+)/keyRings/[^/\s]+/cryptoKeys/[^/\s]+")
_KEY_FORMAT = "projects/PROJECT_ID/locations/LOCATION_ID/keyRings/KEY_RING_ID/cryptoKeys/KEY_ID"


class LocationService(Serving):
    def list(
        self,
        name: str,
        *,
        filter: str = "",
        page_size: int = 0,
        page_token: str = "",
        extra_location_types: str = "",
    ) -> ListLocationsResponse:
        project = name.removeprefix("projects/")
        if not PROJECT_ID.fullmatch(project):
            raise InvalidArgument("Invalid resource field value in the request.")
        now, chosen = self._context.clock.now(), parse_filter(filter, Location)
        page = Listing(["locations", name, filter], page_size, page_token, largest=MAX_LOCATIONS, now=now)
        regions = [region for region in sorted(REGIONS) if page.after is None or region > page.after[0]]
        found = [location(LocationName(project, region)) for region in regions]
        shown = [region for region in found if chosen.matches(region)]
        more = len(shown) > page.limit
        token = page.token(shown[page.limit - 1].location_id) if more else ""
        return ListLocationsResponse(locations=shown[: page.limit], next_page_token=token)

    def get(self, name: str) -> Location:
        parsed = parse_location(name)
        if parsed.location not in REGIONS:
            raise NotFound(NOT_FOUND)
        return location(parsed)

    def get_key(self, name: str) -> CmekConfig:
        parent = str(_location_of(name))
        return CmekConfig(name=name, kms_key=self._store.kms_key(parent))

    def update_key(self, name: str, body: CmekConfig, *, update_mask: str = "") -> CmekConfig:
        """An empty key switches back to Google's default encryption."""
        parent = _location_of(name)
        if body.name and body.name != name:
            raise InvalidArgument(
                f"The name in the body ('{body.name}') must match the name in the URL ('{name}')."
            )
        paths = parse_mask(update_mask, "update_mask", CmekConfig)
        if paths and ("kms_key",) not in paths:
            return self.get_key(name)
        match = _KEY.fullmatch(body.kms_key)
        if body.kms_key and match is None:
            raise InvalidArgument(f'CmekConfig.kms_key must be formatted: "{_KEY_FORMAT}".')
        if match is not None and match[1] not in (parent.location, "global"):
            raise InvalidArgument(f"CmekConfig.kms_key must be in {parent.location}, not in {match[1]}.")
        with self._store.transaction():
            self._store.set_kms_key(str(parent), body.kms_key)
        return CmekConfig(name=name, kms_key=body.kms_key)


def _location_of(name: str) -> LocationName:
    return check_location(parse_location(name.removesuffix("/cmekConfig")))
