"""Every function of NumPy that dispatches, found by introspection, gives what ndarrays get.

The table has one or more cases for each function; a function that it lacks fails the test, and so
does one that takes `out` or `where` and has no case that gives them.
"""

import importlib
import inspect
import pkgutil
import warnings

import numpy as np
import pytest
from cases import (
    assert_as_written_alike,
    assert_some_work,
    assert_variants_alike,
    cases,
    with_out,
    with_where,
)
from numpy.testing.overrides import get_overridable_numpy_array_functions

import cppdynarray as cda
from comparison import as_dynamic, noted
from helpers import assert_same

FUNCTIONS = {
    "all": "f(b); f(m, axis=0); f(m, axis=1, keepdims=True); "
    "f(g > 0, axis=0, out=b); f(b, where=b)",
    "allclose": "f(v, v); f(v, w, rtol=1)",
    "amax": "f(v); f(m, 0)",
    "amin": "f(v); f(m, 0)",
    "angle": "f(c); f(c, deg=True)",
    "any": "f(b); f(m, axis=0); f(b, out=np.array(False))",
    "append": "f(v, w); f(m, m, axis=0); f(v, 3); f([1.0], v)",
    "apply_along_axis": "f(lambda x: x.sum(), 0, m); f(lambda x: x[::-1], 1, m); "
    "f(lambda x: type(x).__name__, 0, m)",
    "apply_over_axes": "f(np.sum, k, [0, 2])",
    "argmax": "f(v); f(m, 0); f(m, axis=1, keepdims=True); f(g, axis=0, out=i)",
    "argmin": "f(v); f(m, 0); f(g, 0, i)",
    "argpartition": "f(v, 2); f(m, 1, axis=0)",
    "argsort": "f(v); f(m, axis=0); f(r, order='y'); f(t, kind='stable')",
    "argwhere": "f(v); f(m > 1)",
    "around": "f(v); f(v, 1); f(v, out=v)",
    "array2string": "f(v); f(m, precision=2); f(t); f(v, separator=', ', prefix='xx')",
    "array_equal": "f(v, v); f(v, w); f(n, n, equal_nan=True); f(v, [1])",
    "array_equiv": "f(v, v); f(v, g)",
    "array_split": "f(v, 4); f(m, [1, 3]); f(m, 2, axis=1)",
    "array_str": "f(v); f(m, precision=1)",
    "astype": "f(v, 'i4'); f(v, v.dtype, copy=False); f(v, 'f8')",
    "atleast_1d": "f(v); f(z); f(v, z, m); f(3.0); f([1, 2], v)",
    "atleast_2d": "f(v); f(z); f(v, m)",
    "atleast_3d": "f(v); f(m); f(k); f(z, k)",
    "average": "f(v); f(v, weights=w); f(m, axis=0, weights=[1, 2, 3, 4], returned=True); "
    "f(m, 0, keepdims=True)",
    "bincount": "f(i); f(i, w); f(i, minlength=10); f(v)",
    "block": "f([v, w]); f([[m, m], [m, m]]); f(v); f([[z, z]]); f([[m], [s]])",
    "broadcast_arrays": "f(v, z); f(m, [1, 2, 3]); f(v, v)",
    "broadcast_to": "f(v, (2, 6)); f(v, (6,)); f(z, (2, 2)); f(v, (5,)); f(v, (2, 6), subok=True)",
    "busday_count": "f(q, q + 10); f('2020-01-01', q); f(q, q, out=np.zeros(3, int))",
    "busday_offset": "f(q, 1); f(q, [1, 2, 3], roll='forward')",
    "can_cast": "f(v.dtype, 'f4'); f('i4', v.dtype)",
    "choose": "f([0, 1, 0], [v[:3], w[:3]]); f(i, [v, w, v, w]); f(i, (v, 1, 2, 3), out=v); "
    "f(i % 2, g.repeat(2, 0))",
    "clip": "f(v, 0, 2); f(v, w, None); f(v, 0, 1, out=v); f(v, min=0); f(i, 0.5, 1)",
    "column_stack": "f([v, w]); f((m, m))",
    "common_type": "f(v, c); f(i, v)",
    "compress": "f(b, v); f([1, 0, 1], m, axis=1); f(b[:1], v); f(np.ones(6), v, out=v)",
    "concat": "f([v, w]); f((v, w))",
    "concatenate": "f([v, w]); f((m, m), axis=1); f([m, m], axis=None); f([v, [1, 2]]); "
    "f((v, i), dtype='f4', casting='unsafe'); f((v[:3], w[:3]), out=v); f([v]); f(m); f([]); "
    "f([v, m]); f(v); f([v, z]); f((t, t)); f((o, v))",
    "convolve": "f(v, w); f(v, [1, 2], 'same')",
    "copy": "f(v, 'F'); f(np.asfortranarray(m))",
    "copyto": "f(v, w); f(v, 5); f(v, w, where=b); f(i, v); f(i, v, casting='unsafe'); "
    "f(m, m[0]); f(v, v[::-1]); f(np.zeros(6), v)",
    "corrcoef": "f(m); f(v, w)",
    "correlate": "f(v, w); f(c, c, 'full')",
    "count_nonzero": "f(v); f(m, axis=0); f(m, axis=1, keepdims=True)",
    "cov": "f(m); f(v, w); f(m, rowvar=False, fweights=[1, 2, 1, 1])",
    "cross": "f(m, m[0])",
    "cumprod": "f(v); f(m, 0); f(v, out=v)",
    "cumsum": "f(v); f(m, 1); f(v, out=w); f(v, 0, None, v)",
    "cumulative_prod": "f(v); f(m, axis=0, include_initial=True)",
    "cumulative_sum": "f(v); f(m, axis=0, include_initial=True); f(v, out=v)",
    "datetime_as_string": "f(q); f(q, unit='s')",
    "delete": "f(v, 1); f(v, [0, 2]); f(m, 1, axis=1); f(v, i[:2]); f(v, slice(2)); f(v, b)",
    "diag": "f(v); f(m); f(m, 1); f(s, -1)",
    "diag_indices_from": "f(s)",
    "diagflat": "f(v); f(m, 1)",
    "diagonal": "f(m); f(k, 1, 0, 2)",
    "diff": "f(v); f(m, 2, axis=0); f(v, prepend=0, append=w); f(q)",
    "digitize": "f(v, w); f(v, [0, 1])",
    "dot": "f(v, w); f(m, s); f(m, s, out=m); f(v, 2); f(z, z); f(m, v)",
    "dsplit": "f(k, 2)",
    "dstack": "f([v, w]); f((m, m))",
    "ediff1d": "f(v); f(v, to_end=[1, 2], to_begin=w)",
    "einsum": "f('i,i', v, w); f('ij,jk->ik', m, s); f('ii->i', s) if len(s) == 3 else None; "
    "f('ij->ji', m); f('i->', v); "
    "f('i,i->i', v, w, out=v); f(v, [0], w, [0]); f('ij,jk,kl', m, s, s, optimize=True); "
    "f('i...', m)",
    "einsum_path": "f('ij,jk', m, s)",
    "expand_dims": "f(v, 0); f(v, (0, 2)); f(m, -1)",
    "extract": "f(b, v); f([1, 0, 1], w)",
    "fill_diagonal": "f(s, 7); f(m, v[:3]); f(m, 1, wrap=True); f(v, 1)",
    "fix": "f(v); f(v, out=v)",
    "flatnonzero": "f(v); f(m)",
    "flip": "f(v); f(m, 1); f(m)",
    "fliplr": "f(m)",
    "flipud": "f(m); f(v)",
    "full_like": "f(v, 3); f(i, 2.5); f(m, v[:3]); f(v, 3, dtype='i4', shape=(2, 2)); "
    "f(v, 1, subok=False); f(m, 1, order='F')",
    "empty_like": "f(v); f(m, 'i4'); f(m, order='F'); f(v, shape=(0, 2), subok=False)",
    "ones_like": "f(v); f(m, 'i4'); f(t); f(v, shape=3)",
    "zeros_like": "f(v); f(m, 'i4', 'F'); f(r); f(o)",
    "geomspace": "f(w, 10, 3)",
    "gradient": "f(v); f(v, w); f(m); f(m, axis=0); f(v, 2.0, edge_order=2)",
    "histogram": "f(v); f(v, w); f(v, 3, (0, 4), weights=w); f(v, 2, density=True)",
    "histogram2d": "f(v, w, 2); f(v, w, [v[:0].tolist() + [0, 1, 2], w])",
    "histogram_bin_edges": "f(v); f(v, 'sturges'); f(v, w)",
    "histogramdd": "f(m, 2); f((v, w), 3)",
    "hsplit": "f(m, 3); f(v, 2)",
    "hstack": "f([v, w]); f((m, m)); f([v, 1.0])",
    "i0": "f(v); f(m)",
    "imag": "f(c); f(v); f(2j)",
    "in1d": "f(v, w)",
    "inner": "f(v, w); f(m, s)",
    "insert": "f(v, 1, 5); f(m, 0, v[:3], axis=0); f(v, i[:2], w[:2]); f(v, [0, 3], 9); "
    "f(m, 1, 7, axis=1)",
    "interp": "f(v, w, v); f(2.5, w, v); f([1, 2], w, v, left=0); f(z, w, v)",
    "intersect1d": "f(v, w); f(i, [1, 2]); f(v, w, return_indices=True)",
    "is_busday": "f(q)",
    "isclose": "f(v, w); f(n, n, equal_nan=True); f(v, 2.5)",
    "iscomplex": "f(c); f(v)",
    "iscomplexobj": "f(c); f(v)",
    "isin": "f(v, w); f(i, [1]); f(2, i); f(v, w, invert=True)",
    "isneginf": "f(v); f(n); f(n, np.zeros(6, bool)); f(n, b)",
    "isposinf": "f(n); f(n, b)",
    "isreal": "f(c)",
    "isrealobj": "f(c); f(v)",
    "ix_": "f(i, i); f(b)",
    "kron": "f(v, w); f(m, s); f(z, v)",
    "lexsort": "f((v, w)); f([v, i]); f(m); f((t, i))",
    "linspace": "f(v, w, 3); f(z, 5, 4); f(v, w, 3, axis=1, retstep=True)",
    "logspace": "f(v, w, 3); f(0, z, 2)",
    "matrix_transpose": "f(m); f(k); f(v)",
    "max": "f(v); f(m, axis=0); f(m, axis=(0, 1), keepdims=True); f(g, axis=0, out=v); "
    "f(v, initial=9, where=b); f(t); f(e)",
    "may_share_memory": "f(v, v); f(v, w); f(v, v[:2])",
    "mean": "f(v); f(m, 0); f(m, axis=1, keepdims=True); f(g, axis=0, out=v); f(i, dtype='f4'); "
    "f(v, where=b)",
    "median": "f(v); f(m, axis=0); f(v, overwrite_input=True); f(m, out=z)",
    "meshgrid": "f(v, w); f(v, w, sparse=True, indexing='ij', copy=False)",
    "min": "f(v); f(m, axis=0); f(g, axis=0, out=v)",
    "min_scalar_type": "f(v); f(z)",
    "moveaxis": "f(k, 0, 2); f(k, [0, 1], [1, 0]); f(m, 0, 0)",
    "nan_to_num": "f(n); f(n, copy=False); f(n, nan=5, posinf=w); f(c)",
    "nanargmax": "f(n[:3]); f(m, 0)",
    "nanargmin": "f(n[:3])",
    "nancumprod": "f(n)",
    "nancumsum": "f(n); f(n, out=n)",
    "nanmax": "f(n); f(m, axis=0)",
    "nanmean": "f(n); f(g, axis=0, out=v)",
    "nanmedian": "f(n); f(m, 0)",
    "nanmin": "f(n)",
    "nanpercentile": "f(n, 50); f(n, v[4:5] * 10)",
    "nanprod": "f(n)",
    "nanquantile": "f(n, 0.5)",
    "nanstd": "f(n); f(m, axis=0)",
    "nansum": "f(n); f(n, out=z)",
    "nanvar": "f(n)",
    "ndim": "f(v); f(k); f([v, v])",
    "nonzero": "f(v); f(m); f(b)",
    "outer": "f(v, w); f(m, v); f(v[:2], [1, 2], out=np.zeros((2, 2)))",
    "packbits": "f(b); f(u > 1, axis=0, bitorder='little')",
    "pad": "f(v, 2); f(m, 1, 'edge'); f(v, (1, 2), constant_values=9); f(v, i[1:3], 'wrap'); "
    "f(v, 1, lambda x, *y: None)",
    "partition": "f(v, 2); f(m, 1, axis=None)",
    "percentile": "f(v, 50); f(v, [10, 90]); f(m, w, axis=0); f(v, 50, out=z); "
    "f(v, 30, method='nearest', overwrite_input=True)",
    "permute_dims": "f(k, (2, 0, 1)); f(m)",
    "piecewise": "f(v, [v < 0, v >= 0], [-1, 1]); f(v, [b], [lambda x: x * 2, 7]); "
    "f(z, [z > 0], [1]); f(v, b, w[:2].tolist())",
    "place": "f(v, b, w); f(v, b, [7]); f(v, v > 1, w)",
    "poly": "f(v); f(s)",
    "polyadd": "f(v, w)",
    "polyder": "f(v); f(v, 2)",
    "polydiv": "f(v, w[:3])",
    "polyfit": "f(w, v, 2); f(w, v, 1, full=True); f(w, v, 2, w=w, cov=True)",
    "polyint": "f(v); f(v, 2, [1, 2])",
    "polymul": "f(v, w)",
    "polysub": "f(v, w)",
    "polyval": "f(v, w); f([1, 2], v); f(v, 3)",
    "prod": "f(v); f(m, axis=0); f(g, axis=0, out=v); f(v, initial=2, where=b)",
    "ptp": "f(v); f(m, 0); f(g, axis=0, out=v)",
    "put": "f(v, [0, 2], [7, 8]); f(v, i, w); f(v, 99, 1); f(v, 99, 1, mode='clip'); f(m, 0, z)",
    "put_along_axis": "f(m, np.array([[0, 1, 2]]), 9, axis=0); f(v, i, 9, None)",
    "putmask": "f(v, b, w); f(v, v > 1, 0); f(m, m > 1, w)",
    "quantile": "f(v, 0.5); f(m, [0.1, 0.9], axis=1, keepdims=True); "
    "f(v, 0.5, weights=w, method='inverted_cdf')",
    "ravel": "f(v); f(m); f(m, 'F'); f(k[:, 0]); f(m, 'K')",
    "ravel_multi_index": "f((i[:3], i[:3]), (4, 4)); f((1, 2), (3, 4)); "
    "f(np.array([[1, 2], [0, 1]]), (4, 4))",
    "real": "f(c); f(v); f(2.0)",
    "real_if_close": "f(c); f(v); f(c * 1e-20)",
    "repeat": "f(v, 2); f(m, i[:4], axis=0); f(v, i); f(3, 2)",
    "reshape": "f(v, (2, 3)); f(v, -1); f(m, (3, 4), order='F'); f(v, (6, 1), copy=True); "
    "f(v, 7); f(m.T, -1); f(v, (6,)); f(m, 12, copy=False)",
    "resize": "f(v, (2, 2)); f(v, 10); f(e, 3)",
    "result_type": "f(v, 'f4'); f(i, np.float32(1)); f(z, i)",
    "roll": "f(v, 2); f(m, (1, 2), axis=(0, 1)); f(v, i[:1])",
    "rollaxis": "f(k, 2)",
    "roots": "f(v); f([1, 2, 1])",
    "rot90": "f(m); f(m, 2); f(k, 1, (0, 2)); f(m, 4)",
    "round": "f(v); f(v, 1); f(v, out=v); f(z)",
    "save": "f(io.BytesIO(), v)",
    "savetxt": "f(io.StringIO(), m); f(io.StringIO(), r); f(io.StringIO(), [v, w])",
    "savez": "f(io.BytesIO(), v, x=m)",
    "savez_compressed": "f(io.BytesIO(), v, x=m)",
    "searchsorted": "f(w, v); f(w, 3.0); f(v, w, 'right', sorter=i.argsort()); f([1, 2], w); "
    "f(w, z)",
    "select": "f([v < 0, v > 1], [v, w]); f([v < 0, b], [v, 3], default=-1); f((b,), (v,), w)",
    "setdiff1d": "f(v, w); f(i, [1])",
    "setxor1d": "f(v, w)",
    "shape": "f(v); f(k); f([v, w])",
    "shares_memory": "f(v, v[2:]); f(v, w)",
    "sinc": "f(v)",
    "size": "f(v); f(m, 0); f([v, v])",
    "sort": "f(v); f(m, axis=0); f(r, order='y'); f(m, axis=None, kind='stable'); f(t)",
    "sort_complex": "f(c); f(v)",
    "split": "f(v, 3); f(m, [1, 2], axis=1); f(v, 4); f(v, i[:2])",
    "squeeze": "f(v); f(g, axis=0); f(m, 0); f(g); f(z); f(k)",
    "stack": "f([v, w]); f((v, w), axis=1); f([v[:3], w[:3]], out=np.zeros((2, 3))); f(m); "
    "f([v, m]); f(k, dtype='f4', casting='unsafe'); f([m[0], m[1], m[2]], out=s)",
    "std": "f(v); f(m, axis=0, ddof=1); f(g, axis=0, out=v); f(v, mean=v.mean(), where=b)",
    "sum": "f(v); f(m, axis=0); f(m, axis=(0, 1)); f(g, axis=0, out=v); f(v, where=b, initial=1); "
    "f(m, keepdims=True); f(b); f([v, w]); f([v, w], axis=0); f(e, 0); f(t); f(o); f(z); "
    "f(v, out=3)",
    "swapaxes": "f(m, 0, 1); f(k, 0, 2); f(m, 0, 0)",
    "take": "f(v, [0, 2]); f(m, i[:2], axis=1); f(v, 1); f(v, i, out=w); "
    "f(v, i, out=v, mode='clip'); f([1, 2, 3, 4], i); f(v, 99); f(v, [[0, 1]])",
    "take_along_axis": "f(m, np.array([[0, 1, 2]]), axis=0); f(v, i, None); f(m, m.argsort(1), 1)",
    "tensordot": "f(m, s, 1); f(k, k, ([0, 1], [0, 1])); f(v, w, 0)",
    "tile": "f(v, 2); f(m, (2, 1)); f(v, i[1:3]); f(v, 1)",
    "trace": "f(s); f(k, 1, 0, 2); f(m, out=z); f(k, out=v[:4])",
    "transpose": "f(m); f(k, (2, 0, 1)); f(v); f([v, w])",
    "trapezoid": "f(v); f(v, w); f(m, dx=2, axis=0)",
    "tril": "f(m); f(m, 1); f(v)",
    "tril_indices_from": "f(s)",
    "trim_zeros": "f(v); f(np.array([0, 1, 0])); f(i)",
    "triu": "f(m); f(k)",
    "triu_indices_from": "f(s, 1)",
    "union1d": "f(v, w); f([1], v)",
    "unique": "f(i); f(m, axis=0); f(i, True, True, True); f(t); f(n, equal_nan=False); f(o[:1]); "
    "f(r)",
    "unique_all": "f(i)",
    "unique_counts": "f(i)",
    "unique_inverse": "f(m)",
    "unique_values": "f(t)",
    "unpackbits": "f(u); f(u, axis=1, count=3)",
    "unravel_index": "f(i, (2, 3)); f(5, (2, 3)); f([1, 2], (2, 2))",
    "unstack": "f(m); f(k, axis=2); f(v)",
    "unwrap": "f(v); f(m, axis=0)",
    "vander": "f(v, 3)",
    "var": "f(v); f(m, axis=0); f(g, axis=0, out=v); f(c)",
    "vdot": "f(v, w); f(c, c); f(m, m)",
    "vsplit": "f(m, 2)",
    "vstack": "f([v, w]); f((m, m)); f([m, v[:3]]); f(v)",
    "where": "f(b, v, w); f(v > 1); f(b, v, 0); f(b, 0, w); f(m > 1, m, m[0]); f(b, v)",
    "linalg.cholesky": "f(s); f(s, upper=True); f(m)",
    "linalg.cond": "f(s); f(s, 2)",
    "linalg.cross": "f(m, m[::-1])",
    "linalg.det": "f(s); f(m)",
    "linalg.diagonal": "f(m); f(k, offset=1)",
    "linalg.eig": "f(s)",
    "linalg.eigh": "f(s); f(s, 'U')",
    "linalg.eigvals": "f(s)",
    "linalg.eigvalsh": "f(s)",
    "linalg.inv": "f(s); f(np.zeros((2, 2))); f(e)",
    "linalg.lstsq": "f(m, v[:4]); f(m, m)",
    "linalg.matmul": "f(m, s)",
    "linalg.matrix_norm": "f(m); f(m, ord='nuc', keepdims=True)",
    "linalg.matrix_power": "f(s, 3); f(s, -1); f(s, 0); f(s, 1)",
    "linalg.matrix_rank": "f(m)",
    "linalg.matrix_transpose": "f(m)",
    "linalg.multi_dot": "f([m, s, s]); f((v[:4], m, s)); f([m, s], out=np.zeros((4, 3))); "
    "f([m, s], out=m)",
    "linalg.norm": "f(v); f(m, 'fro'); f(m, axis=1); f(v, 1, keepdims=True)",
    "linalg.outer": "f(v, w)",
    "linalg.pinv": "f(m)",
    "linalg.qr": "f(m); f(m, 'r'); f(m, 'complete')",
    "linalg.slogdet": "f(s)",
    "linalg.solve": "f(s, v[:3]); f(s, m.T); f(m, v)",
    "linalg.svd": "f(m); f(m, full_matrices=False); f(m, compute_uv=False); f(s, hermitian=True)",
    "linalg.svdvals": "f(m)",
    "linalg.tensordot": "f(m, s, axes=1)",
    "linalg.tensorinv": "f(np.eye(6).reshape(2, 3, 6) * w, ind=2)",
    "linalg.tensorsolve": "f(np.eye(6).reshape(2, 3, 6), m[:2])",
    "linalg.trace": "f(s)",
    "linalg.vecdot": "f(m, m); f(m, m, axis=0)",
    "linalg.vector_norm": "f(v); f(m, axis=0, ord=1)",
    "fft.fft": "f(v); f(m, 2, axis=0, norm='ortho'); f(c, out=c)",
    "fft.fft2": "f(m)",
    "fft.fftn": "f(k); f(m, (2, 2))",
    "fft.fftshift": "f(v); f(m, axes=1)",
    "fft.hfft": "f(c)",
    "fft.ifft": "f(v); f(c, out=c)",
    "fft.ifft2": "f(m)",
    "fft.ifftn": "f(m)",
    "fft.ifftshift": "f(v)",
    "fft.ihfft": "f(v)",
    "fft.irfft": "f(c); f(c, 6, out=v)",
    "fft.irfft2": "f(m)",
    "fft.irfftn": "f(m)",
    "fft.rfft": "f(v)",
    "fft.rfft2": "f(m)",
    "fft.rfftn": "f(m)",
    "strings.capitalize": "f(t); f(y)",
    "strings.center": "f(t, 6); f(t, i, '*')",
    "strings.decode": "f(y); f(y, 'utf-8')",
    "strings.encode": "f(t)",
    "strings.expandtabs": "f(t)",
    "strings.ljust": "f(t, 5)",
    "strings.lower": "f(t)",
    "strings.mod": "f(np.array(['%d'] * 6), i); f(t, 1)",
    "strings.multiply": "f(t, 2); f(t, i)",
    "strings.partition": "f(t, 'd')",
    "strings.replace": "f(t, 'a', 'bb'); f(t, t, 'q', i)",
    "strings.rjust": "f(t, 5)",
    "strings.rpartition": "f(t, 'd')",
    "strings.swapcase": "f(t)",
    "strings.title": "f(t)",
    "strings.translate": "f(t, str.maketrans('a', 'b'))",
    "strings.upper": "f(t)",
    "strings.zfill": "f(t, 5)",
    "char.capitalize": "f(t)",
    "char.center": "f(t, 6)",
    "char.decode": "f(y)",
    "char.encode": "f(t)",
    "char.equal": "f(t, t); f(t, 'ab')",
    "char.expandtabs": "f(t)",
    "char.greater": "f(t, 'ab')",
    "char.greater_equal": "f(t, t)",
    "char.join": "f('-', t); f(t, t)",
    "char.less": "f(t, 'ab')",
    "char.less_equal": "f(t, t)",
    "char.ljust": "f(t, 5)",
    "char.lower": "f(t)",
    "char.mod": "f(t, 1)",
    "char.multiply": "f(t, 2)",
    "char.not_equal": "f(t, 'ab')",
    "char.partition": "f(t, 'd')",
    "char.rpartition": "f(t, 'd')",
    "char.replace": "f(t, 'a', 'b')",
    "char.rjust": "f(t, 5)",
    "char.rsplit": "f(t)",
    "char.split": "f(t, 'd')",
    "char.splitlines": "f(t)",
    "char.swapcase": "f(t)",
    "char.title": "f(t)",
    "char.translate": "f(t, str.maketrans('a', 'b'))",
    "char.upper": "f(t)",
    "char.zfill": "f(t, 5)",
    "asfortranarray": "f([[1, 2]], like=v)",  # plain, since it couldn't grow
    "require": "f([1, 2], like=v)",
    "polynomial.polynomial.polyval2d": "f(v, w, m)",
    "polynomial.polynomial.polyvalnd": "f((v, w), m)",
    "polynomial.polynomial.polygrid2d": "f(v, w, m)",
    "lib.recfunctions.append_fields": "f(r, 'z', v[:3], usemask=False); "
    "f(r, ['p', 'q'], [i[:3], v[:3]], usemask=False)",
    "lib.recfunctions.apply_along_fields": "f(np.mean, r)",
    "lib.recfunctions.assign_fields_by_name": "f(r, r[::-1].copy())",
    "lib.recfunctions.drop_fields": "f(r, 'x')",
    "lib.recfunctions.find_duplicates": "f(np.ma.array(r), key='x')",
    "lib.recfunctions.join_by": "f('x', r, r, usemask=False)",
    "lib.recfunctions.merge_arrays": "f((r, v[:3])); f(r, flatten=True).tolist()",
    "lib.recfunctions.rec_append_fields": "f(r, 'z', v[:3])",
    "lib.recfunctions.rec_drop_fields": "f(r, 'x')",
    "lib.recfunctions.rec_join": "f('x', r, r)",
    "lib.recfunctions.recursive_fill_fields": "f(r[:2], r)",
    "lib.recfunctions.rename_fields": "f(r, {'x': 'a'})",
    "lib.recfunctions.repack_fields": "f(r[['y']]); f(r)",
    "lib.recfunctions.require_fields": "f(r, [('y', 'f4')])",
    "lib.recfunctions.stack_arrays": "f((r, r), usemask=False); f(r)",
    "lib.recfunctions.structured_to_unstructured": "f(r)",
    "lib.recfunctions.unstructured_to_structured": "f(m); f(m, names=['a', 'b', 'c'])",
    "lib.stride_tricks.sliding_window_view": "f(v, 3); f(m, (2, 2))",
    "lib.scimath.arccos": "f(v)",
    "lib.scimath.arcsin": "f(v)",
    "lib.scimath.arctanh": "f(w)",
    "lib.scimath.log": "f(v[:2])",
    "lib.scimath.log10": "f(v[:2])",
    "lib.scimath.log2": "f(v[:2])",
    "lib.scimath.logn": "f(2, v[:2])",
    "lib.scimath.power": "f(v, 2); f(w, -1.5)",
    "lib.scimath.sqrt": "f(v)",
}
# Functions that don't dispatch; they take what np.asarray takes.
UNDISPATCHED = {
    "asarray": "f(v, 'f4'); f([v, w]); f((v, m[0], 'x')); f([[v, v], [w, w]]); f([v, 1.0])",
    "array": "f(v); f(v, 'i4'); f(v, copy=True); "
    "f([v, w]); f(m, order='F'); f(v, ndmin=3); f([m[0], v]); f(v, object); f([v, v], object)",
    "asfortranarray": "f(m)",
    "asarray_chkfinite": "f(n); f(v, 'f4')",
    "ascontiguousarray": "f(m.T); f(v[::2])",
    "require": "f(m, 'f4', ['F', 'E']); f(m.T, requirements='C'); f(m, None, ['A', 'W'])",
    "isscalar": "f(v); f(z)",
    "iterable": "f(v); f(z)",
    "broadcast_shapes": "f(v.shape, g.shape)",
    "mask_indices": "f(3, np.triu)",
    "fromiter": "f(v, 'f4')",
    "frombuffer": "f(v, 'u1', 3).tolist()",
    "from_dlpack": "f(v, copy=True)",
    "format_float_positional": "f(z)",
    "ndindex": "list(f(m.shape))",
    "ndenumerate": "f(m)",
    "nditer": "list(map(float, f(v))); [x.copy() for x in f([v, w])]; f(v).operands",
    "broadcast": "[x for x in f(v, z)]; f(v, g).shape",
    "poly1d": "f(v)(2); f(v).coeffs; f(v)(w)",
    "base_repr": "f(5)",
    "random.default_rng": "f(0).choice(v, 3); f(0).permutation(v); f(0).shuffle(v); "
    "f(0).permuted(v); f(0).shuffle(m, axis=1); f(0).normal(v, w); f(0).random(out=v); "
    "f(0).standard_normal(out=v); f(0).choice(6, 2, p=w / w.sum()); "
    "f(0).multinomial(5, w / w.sum()); f(0).integers(i, i + 5); f(0).poisson(w)",
    "random.RandomState": "f(0).shuffle(v); f(0).permutation(v); f(0).choice(v, 2); "
    "f(0).shuffle(m); f(0).normal(v, w)",
    "lib.stride_tricks.as_strided": "f(v, (2, 2), (8, 8)).copy()",
    "lib.array_utils.byte_bounds": "f(v)[1] - f(v)[0]",
    "polynomial.polynomial.polyval": "f(v, w); f(2.0, w)",
    "polynomial.Polynomial": "f(v)(2.0); f(v).coef; f.fit(w, v, 2).coef",
    "ma.array": "type(f(v, mask=b).data); f(v, mask=b).data.tolist(); type(f(v).data); "
    "f(v).sum(); f(v).mask; type(f(v).filled(0)); f(v, mask=b).filled(0).tolist()",
    "ma.masked_where": "type(f(b, v).data); f(b, v).data.tolist(); f(b, v).mask",
    "rec.fromarrays": "f([i, v], names='a,b').a; f([i, v], names='a,b').b",
    "testing.assert_array_equal": "f(v, v); f(v, w)",
    "testing.assert_allclose": "f(v, v); f(v, v + 1)",
}
UNINITIALISED = {"empty_like"}
NOT_COMPARED = {"array_repr": "it names the class: test_dispatch.py"}


# Functions with like=, which say by it whose array they make: here a DynamicArray.
LIKE = {
    "array": "f([1, 2], like=v)",
    "asarray": "f([1, 2], like=v)",
    "asanyarray": "f([1, 2], like=v)",
    "ascontiguousarray": "f([1, 2], like=v)",
    "zeros": "f(3, like=v); f((0, 2), 'i4', like=m)",
    "ones": "f((2, 2), like=v)",
    "empty": "f(3, like=v)",
    "full": "f(3, 7, like=v)",
    "arange": "f(3, like=v); f(1, 5, 2, 'f4', like=v)",
    "fromiter": "f([1, 2], float, like=v)",
    "frombuffer": "f(b'ab', 'u1', like=v)",
    "fromfile": "f(__file__, 'u1', 3, like=v)",
    "fromstring": "f('1 2', sep=' ', like=v)",
    "fromfunction": "f(lambda x: x, (3,), like=v)",
    "eye": "f(3, like=v)",
    "identity": "f(3, like=v)",
    "tri": "f(3, like=v)",
    "loadtxt": "f(['1', '2'], like=v)",
    "genfromtxt": "f(['1', '2'], like=v)",
}


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    """Without NumPy's warnings of its own old names, such as those of numpy.char."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def named(name):
    """A function, by its name below numpy; None if this NumPy has none."""
    found = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def dispatching_functions():
    """All functions that dispatch, once every public namespace of NumPy is there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in np.__numpy_submodules__ - {"core", "test"}:
            importlib.import_module(f"numpy.{name}")
        for module in pkgutil.iter_modules(np.lib.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"numpy.lib.{module.name}")
    return get_overridable_numpy_array_functions()


dispatching_functions()
TABLE = {name: texts for name, texts in FUNCTIONS.items() if named(name)}


def cases_of(name):
    return cases(TABLE[name], f=named(name))


def test_every_function_has_a_case():
    names = FUNCTIONS.keys() | LIKE.keys() | NOT_COMPARED.keys()
    functions = {named(name) for name in names}
    missing = {
        f"{function.__module__}.{function.__name__}"
        for function in dispatching_functions() - functions
    } - {f"numpy.{name}" for name in names}
    assert not missing, sorted(missing)


@pytest.mark.parametrize("name", TABLE)
def test_a_function(name):
    for case in cases_of(name):
        assert_variants_alike(case, elements=name not in UNINITIALISED)


@pytest.mark.parametrize("name", UNDISPATCHED)
def test_a_function_that_does_not_dispatch(name):
    if named(name) is None:
        pytest.skip(f"this NumPy has no {name}")
    for case in cases(UNDISPATCHED[name], f=named(name)):
        assert_as_written_alike(case)


@pytest.mark.parametrize("name", [name for name in LIKE if named(name)])
def test_like_gives_a_dynamic_array(name):
    for case in cases(LIKE[name], f=named(name), __file__=__file__):
        with noted(f"in {case.text}"):
            found = case(*map(as_dynamic, case.arrays))
            expected = case(*case.arrays)
            assert type(found) is cda.DynamicArray
            if name != "empty":
                assert_same(found, expected)
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
            length = len(found)
            found.append(0)
            assert len(found) == length + 1


def parameters(name):
    try:
        return inspect.signature(named(name)).parameters
    except ValueError:  # NumPy doesn't say
        return {}


@pytest.mark.parametrize("name", TABLE)
def test_a_function_has_a_case_that_numpy_takes(name):
    assert any(case.on_plain_arrays()[1] is None for case in cases_of(name))


@pytest.mark.parametrize("name", [name for name in TABLE if "out" in parameters(name)])
def test_a_function_with_out(name):
    assert_some_work(map(with_out, cases_of(name)), elements=name not in UNINITIALISED)


@pytest.mark.parametrize("name", [name for name in TABLE if "where" in parameters(name)])
def test_a_function_with_where(name):
    initial = "initial" in parameters(name)
    assert_some_work(with_where(case, initial) for case in cases_of(name))
