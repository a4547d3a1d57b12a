"""astropy, unyt, pint: readings with units, while they come in."""

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import grow


def collected(blocks):
    d = cda.DynamicArray()
    for block in blocks:
        d.extend(block)
    return d, np.concatenate(blocks)


def test_astropy_quantities_of_a_growing_array(blocks):
    units = import_library("astropy.units")
    d, plain = collected(blocks)
    for given in (d, d[:]):
        speed = units.Quantity(given, "km/s", copy=False)
        assert type(speed) is units.Quantity
        assert np.shares_memory(speed, d)
    distance = (speed * (2 * units.hour)).to("au")
    assert_same(distance.value, (units.Quantity(plain, "km/s") * (2 * units.hour)).to("au").value)
    grow(d)
    assert len(speed) == len(plain)
    assert speed[0].value == plain[0] + 1 == d[0]
    d.extend(distance.value)
    assert type(d.view(units.Quantity)) is units.Quantity


def test_astropy_places_a_star_that_is_followed(rng):
    coordinates = import_library("astropy.coordinates")
    units = import_library("astropy.units")
    ra, dec = cda.DynamicArray(), cda.DynamicArray()
    for _ in range(100):
        ra.append(rng.uniform(0, 360))
        dec.append(rng.uniform(-90, 90))
    sky = coordinates.SkyCoord(ra, dec, unit="deg")
    plain = coordinates.SkyCoord(np.array(ra), np.array(dec), unit="deg")
    assert_same(sky.galactic.l.deg, plain.galactic.l.deg)
    assert sky[0].separation(sky[1:]).min() == plain[0].separation(plain[1:]).min()
    assert_same(coordinates.Angle(dec, "deg").radian, np.radians(np.array(dec)))
    ra.append(1.0)
    assert len(sky) == 100 and (sky.ra.deg[0] * units.deg).unit == units.deg


def test_astropy_masks_times_and_tables(blocks):
    masked = import_library("astropy.utils.masked")
    time = import_library("astropy.time")
    table = import_library("astropy.table")
    d, plain = collected(blocks)
    bad = masked.Masked(d[:], mask=d > 1)
    assert np.shares_memory(bad.unmasked, d)
    expected = masked.Masked(plain, mask=plain > 1)
    assert bad.sum().mask == expected.sum().mask
    good, expected = bad.mean(where=~bad.mask), expected.mean(where=~expected.mask)
    assert good.unmasked == expected.unmasked and not good.mask
    days = time.Time(60_000 + d, format="mjd")
    assert_same(days.jd, time.Time(60_000 + plain, format="mjd").jd)
    columns = table.Table({"day": days, "reading": d})
    columns.sort("reading")
    assert_same(np.asarray(columns["reading"]), np.sort(plain))
    assert_same(d.as_numpy(), plain)


def test_unyt_arrays_of_a_growing_array(blocks):
    unyt = import_library("unyt")
    d, plain = collected(blocks)
    length = unyt.unyt_array(d, "m")
    assert type(length) is unyt.unyt_array
    area = (length * length).to("cm**2")
    assert_same(np.asarray(area), np.asarray((unyt.unyt_array(plain, "m") ** 2).to("cm**2")))
    held = length.base is not None and np.shares_memory(length, d)
    grow(d)
    assert len(length) == len(plain)
    assert length[0].value == plain[0] + held
    d.extend(area)
    assert len(d) > 2 * len(plain)


def test_pint_quantities_of_a_view(blocks):
    registry = import_library("pint").UnitRegistry()
    d, plain = collected(blocks)
    speed = registry.Quantity(d[:], "m/s")
    assert address(speed.magnitude) == address(d)
    travelled = (speed * registry.Quantity(1.5, "hour")).to("km")
    np.testing.assert_allclose(travelled.magnitude, plain * 1.5 * 3.6)
    grow(d)
    assert len(speed) == len(plain)
    assert speed.magnitude[0] == d[0]
    with pytest.raises(Exception, match="Cannot convert"):
        speed.to("kg")
