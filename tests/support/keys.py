"""Keys that name rows to be removed."""

import numpy as np

import cppdynarray as cda

KEYS = {
    "index": 2,
    "negative index": -1,
    "slice": slice(1, 3),
    "tail": slice(2, None),
    "all": slice(None),
    "none": slice(3, 3),
    "every other": slice(None, None, 2),
    "backwards": slice(None, None, -2),
    "list": [3, 0],
    "list with repeats": [1, -1, 1, 4],
    "empty list": [],
    "array": np.array([0, 2, 3]),
    "unsigned array": np.array([4, 1], "u1"),
    "0-d array": np.array(1),
    "empty array": np.array([], int),
    "mask": np.array([True, False, True, True, False]),
    "mask of all": np.ones(5, bool),
    "mask of none": np.zeros(5, bool),
    "list of bools": [True, False, False, False, True],
    "DynamicArray": cda.DynamicArray([0, 3]),
    "DynamicArray mask": cda.DynamicArray([True, False, True, False, False]),
}
