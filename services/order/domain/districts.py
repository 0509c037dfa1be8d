"""The eighteen districts of Hong Kong: where they lie, and which are far from anywhere. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt

from shared.locales import Locale

EARTH_KM = 6371.0


class Region(StrEnum):
    """The three parts of Hong Kong that people name first."""

    HONG_KONG_ISLAND = "HKI"
    KOWLOON = "KLN"
    NEW_TERRITORIES = "NT"


@dataclass(frozen=True, slots=True)
class District:
    """One of the eighteen; the point is weighted by where its people live."""

    code: str
    name: Mapping[Locale, str]
    region: Region
    lat: float
    lng: float
    remote: bool  # Far from the railway: workers need a surcharge to come.


def _row(
    code: str, en: str, hk: str, cn: str, region: str, lat: float, lng: float, *, remote: bool
) -> District:
    name = {Locale.ZH_HK: hk, Locale.ZH_CN: cn, Locale.EN: en}
    return District(code, name, Region(region), lat, lng, remote)


# fmt: off
_ROWS = (
    _row("CW", "Central and Western", "中西區", "中西区", "HKI", 22.282, 114.150, remote=False),
    _row("WC", "Wan Chai", "灣仔區", "湾仔区", "HKI", 22.276, 114.176, remote=False),
    _row("EA", "Eastern", "東區", "东区", "HKI", 22.280, 114.222, remote=False),
    _row("SO", "Southern", "南區", "南区", "HKI", 22.245, 114.165, remote=False),
    _row("YT", "Yau Tsim Mong", "油尖旺區", "油尖旺区", "KLN", 22.311, 114.171, remote=False),
    _row("SS", "Sham Shui Po", "深水埗區", "深水埗区", "KLN", 22.331, 114.160, remote=False),
    _row("KC", "Kowloon City", "九龍城區", "九龙城区", "KLN", 22.322, 114.187, remote=False),
    _row("WT", "Wong Tai Sin", "黃大仙區", "黄大仙区", "KLN", 22.342, 114.197, remote=False),
    _row("KT", "Kwun Tong", "觀塘區", "观塘区", "KLN", 22.312, 114.226, remote=False),
    _row("KI", "Kwai Tsing", "葵青區", "葵青区", "NT", 22.356, 114.117, remote=False),
    _row("TW", "Tsuen Wan", "荃灣區", "荃湾区", "NT", 22.371, 114.113, remote=False),
    _row("TM", "Tuen Mun", "屯門區", "屯门区", "NT", 22.391, 113.976, remote=False),
    _row("YL", "Yuen Long", "元朗區", "元朗区", "NT", 22.445, 114.022, remote=False),
    _row("NO", "North", "北區", "北区", "NT", 22.500, 114.131, remote=False),
    _row("TP", "Tai Po", "大埔區", "大埔区", "NT", 22.450, 114.168, remote=False),
    _row("ST", "Sha Tin", "沙田區", "沙田区", "NT", 22.383, 114.190, remote=False),
    _row("SK", "Sai Kung", "西貢區", "西贡区", "NT", 22.314, 114.262, remote=False),
    _row("IS", "Islands", "離島區", "离岛区", "NT", 22.288, 113.942, remote=True),
)
# fmt: on

DISTRICTS: Mapping[str, District] = {district.code: district for district in _ROWS}
CODES = frozenset(DISTRICTS)


def is_across_harbour(codes: Collection[str]) -> bool:
    """Whether a way through these districts crosses the harbour."""
    sides = {DISTRICTS[code].region is Region.HONG_KONG_ISLAND for code in codes}
    return len(sides) == 2


def nearest_of(lat: float, lng: float, served: Collection[str]) -> list[str]:
    """The served districts by their distance from a point, nearest first; ties by code."""
    known = [DISTRICTS[code] for code in sorted(served)]
    known.sort(key=lambda district: straight_km(lat, lng, district.lat, district.lng))
    return [district.code for district in known]


def straight_km(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    """The distance as the crow flies."""
    north, east = radians(other_lat - lat) / 2, radians(other_lng - lng) / 2
    part = sin(north) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(east) ** 2
    return 2 * EARTH_KM * asin(sqrt(part))
