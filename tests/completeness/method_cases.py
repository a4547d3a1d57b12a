"""Ways to call every method and attribute of ndarray."""

import inspect
import re

import numpy as np

METHODS = {
    "T": "v.T; m.T; k.T; z.T",
    "mT": "m.mT; k.mT; v.mT",
    "base": "v.base",
    "ctypes": "v.ctypes.shape[:]; m.ctypes.strides[:]; "
    "v.ctypes.data == v.__array_interface__['data'][0]",
    "data": "v.data.tolist(); v.data.format; m.data.shape; v.data.readonly",
    "device": "v.device; setattr(v, 'device', 'cpu')",
    "dtype": "v.dtype; setattr(v, 'dtype', 'i8'); setattr(v, 'dtype', 'i4'); "
    "setattr(v, 'dtype', 'bad')",
    "flags": "v.flags.owndata; v.flags['C']; str(v.flags); m.flags.f_contiguous; m.flags.num; "
    "hash(str(m.flags)) == 0",
    "flat": "v.flat; m.flat[2]; m.flat[1:3]; list(m.flat); setattr(m, 'flat', 3); "
    "setattr(m, 'flat', v); m.flat.__setitem__(2, 7); setattr(v, 'flat', [1, 2]); m.flat.copy(); "
    "len(m.flat); m.flat == 1; m.flat.__setitem__([0, 2], v)",
    "imag": "c.imag; v.imag; setattr(c, 'imag', 5); setattr(v, 'imag', 5); "
    "setattr(c, 'imag', v[:3]); o.imag; z.imag",
    "real": "c.real; v.real; setattr(c, 'real', v[:3]); setattr(v, 'real', 1); "
    "setattr(c, 'real', 'x'); t.real",
    "itemsize": "v.itemsize; r.itemsize",
    "nbytes": "v.nbytes; e.nbytes",
    "ndim": "k.ndim",
    "size": "k.size; e.size",
    "shape": "m.shape; setattr(v, 'shape', (2, 3)); setattr(v, 'shape', (7,)); "
    "setattr(v, 'shape', -1); setattr(m, 'shape', (12,))",
    "strides": "m.strides; setattr(v, 'strides', (8,)); setattr(v, 'strides', (16,)); "
    "setattr(v, 'strides', (0,))",
    "all": "b.all(); m.all(0); m.all(axis=1, keepdims=True); (g > 0).all(0, out=b); b.all(where=b)",
    "any": "b.any(); m.any(0); m.any(axis=(0, 1))",
    "argmax": "v.argmax(); m.argmax(0); m.argmax(1, keepdims=True); g.argmax(0, i); o.argmax(); "
    "e.argmax()",
    "argmin": "v.argmin(); m.argmin(axis=1); g.argmin(0, out=i)",
    "argpartition": "v.argpartition(2); m.argpartition(1, axis=0)",
    "argsort": "v.argsort(); m.argsort(0, kind='stable'); r.argsort(order=['y'])",
    "astype": "v.astype('f4'); v.astype(float); v.astype(float, copy=False); "
    "v.astype(int, casting='safe'); m.astype(float, order='F', copy=False); "
    "v.astype('f8', subok=False, copy=False); v.astype(object); t.astype('S'); v.astype('U'); "
    "r.astype([('x', 'f8'), ('y', 'f4')]); t.astype(float)",
    "byteswap": "v.byteswap(); v.byteswap(inplace=True); v.byteswap(True); "
    "i.byteswap(inplace=True)",
    "choose": "i.choose([v, w, v, w]); i.choose((v, 1, 2, 3)); i.choose([v, w, v, w], out=v); "
    "i.choose([v, w]); i.choose([v, w], mode='wrap')",
    "clip": "v.clip(0, 1); v.clip(min=w); v.clip(max=2); v.clip(0, 1, out=v); v.clip(0, 1, v); "
    "v.clip()",
    "compress": "v.compress(b); m.compress([1, 0, 1], axis=1); v.compress(b | ~b, out=v)",
    "conj": "c.conj(); v.conj(); t.conj()",
    "conjugate": "c.conjugate(); v.conjugate(); c.conjugate(out=c); c.conjugate(c)",
    "cumprod": "v.cumprod(); m.cumprod(0); v.cumprod(out=v); v.cumprod(dtype='f4')",
    "cumsum": "v.cumsum(); m.cumsum(axis=1); v.cumsum(out=v); v.cumsum(0, None, v); "
    "v.cumsum(None, None, w)",
    "diagonal": "s.diagonal(); m.diagonal(1); k.diagonal(0, 1, 2); v.diagonal()",
    "dot": "v.dot(w); m.dot(s); s.dot(s, out=s); s.dot(s, s); v.dot(2); m.dot(v)",
    "fill": "v.fill(3); t.fill('q'); v.fill('x'); o.fill([1, 2]); r.fill((1, 2)); v.fill(w[:1]); "
    "i.fill(2**70); v.fill(z)",
    "flatten": "v.flatten(); m.flatten('F'); m.flatten(order='K')",
    "getfield": "r.getfield('i4'); r.getfield('f8', 4); v.getfield('i4', offset=4); "
    "r.getfield('f8', 40)",
    "item": "v.item(0); m.item(1, 2); m.item((1, 2)); m.item(5); z.item(); v.item(); r.item(1); "
    "v.item(99); q.item(0); o.item(2); v.item(-1)",
    "max": "v.max(); m.max(0); m.max(axis=1, keepdims=True); g.max(0, out=v); g.max(0, v); "
    "v.max(initial=9, where=b); e.max(); t.max()",
    "min": "v.min(); m.min(axis=(0, 1)); g.min(0, out=v)",
    "mean": "v.mean(); m.mean(0); g.mean(0, out=v); i.mean(dtype='f4'); "
    "v.mean(where=b, keepdims=True); e.mean()",
    "nonzero": "v.nonzero(); m.nonzero(); z.nonzero()",
    "partition": "v.partition(2); m.partition(1, axis=0); v.partition([1, 3]); "
    "r.partition(1, order='y'); v.partition(99)",
    "prod": "v.prod(); m.prod(0); g.prod(0, out=v); v.prod(initial=2)",
    "put": "v.put([0, 1], [7, 8]); v.put(i, w); v.put(99, 1); v.put(99, 1, mode='wrap'); "
    "m.put([0], m[1])",
    "ravel": "v.ravel(); m.ravel('F'); m.ravel(order='K'); m.T.ravel()",
    "repeat": "v.repeat(2); m.repeat(2, axis=0); v.repeat(i)",
    "reshape": "v.reshape(2, 3); v.reshape((2, 3)); v.reshape(-1); m.reshape(3, 4, order='F'); "
    "v.reshape(7); v.reshape(6); v.reshape(2, 3, copy=True); v.reshape([3, 2]); "
    "v.reshape(2, 3, order='F', copy=False); v.reshape(); z.reshape(()); z.reshape(1)",
    "round": "v.round(); v.round(1); v.round(decimals=0, out=v); i.round(-1); b.round()",
    "searchsorted": "w.searchsorted(v); w.searchsorted(3.0); w.searchsorted(v, side='right'); "
    "v.searchsorted(3, sorter=i.argsort()); w.searchsorted([1, 2])",
    "setfield": "v.setfield(3, 'i4', 0); r.setfield(9, 'i4'); v.setfield(w, 'f8'); "
    "v.setfield(1, 'f8', 4)",
    "setflags": "v.setflags(write=False); v.setflags(write=True); "
    "v.setflags(align=False); v.setflags(uic=True); v.setflags(bad=1)",
    "sort": "v.sort(); m.sort(0); m.sort(axis=1, kind='stable'); r.sort(order='y'); t.sort(); "
    "o.sort(); c.sort(); z.sort(); v.sort(kind='bad')",
    "squeeze": "g.squeeze(); g.squeeze(0); v.squeeze(); m.squeeze(axis=1); z.squeeze()",
    "std": "v.std(); m.std(0, ddof=1); g.std(0, out=v); v.std(where=b)",
    "sum": "v.sum(); m.sum(0); m.sum(axis=(0, 1), keepdims=True); g.sum(0, out=v); "
    "g.sum(0, None, v); v.sum(initial=1, where=b); i.sum(dtype='f4'); t.sum(); v.sum(axis=3); "
    "v.sum(out=z); b.sum(); v.sum(0, 'f8', None, True)",
    "swapaxes": "m.swapaxes(0, 1); k.swapaxes(-1, 0); v.swapaxes(0, 0); v.swapaxes(0, 1)",
    "take": "v.take([0, 2]); m.take(i[:2], axis=1); v.take(1); v.take(i, out=w); v.take(99); "
    "v.take(99, mode='clip')",
    "to_device": "v.to_device('cpu'); v.to_device('gpu'); v.to_device('cpu', stream=None)",
    "tobytes": "v.tobytes(); m.tobytes('F'); e.tobytes(); o[:0].tobytes()",
    "tostring": "v.tostring()",
    "tofile": "v.tofile(os.devnull); v.tofile(3.5); v.tofile(io.StringIO())",
    "tolist": "v.tolist(); m.tolist(); r.tolist(); z.tolist(); q.tolist(); o.tolist(); "
    "e.tolist(); c.tolist()",
    "trace": "s.trace(); m.trace(1); k.trace(0, 1, 2); k.trace(out=v[:4]); s.trace(out=z)",
    "transpose": "m.transpose(); k.transpose(2, 0, 1); k.transpose((1, 0, 2)); v.transpose(); "
    "m.transpose(0, 0); m.transpose(None)",
    "var": "v.var(); m.var(0); g.var(0, out=v); c.var(); v.var(ddof=9)",
    "view": "v.view(); v.view('i8'); v.view('u1'); v.view(np.ndarray); "
    "v.view(dtype='i4', type=np.ndarray); r.view('u1'); m.view('c8'); v.view(np.dtype('V3')); "
    "v.view(int); v.view(dtype=v.dtype)",
    "dumps": "np.ndarray.tolist(pickle.loads(v.dumps()))",
    "dump": "v.dump(io.BytesIO())",
    "__abs__": "v.__abs__(); c.__abs__()",
    "__neg__": "v.__neg__()",
    "__pos__": "v.__pos__()",
    "__invert__": "b.__invert__(); v.__invert__()",
    "__bool__": "z.__bool__(); v.__bool__(); e.__bool__()",
    "__complex__": "z.__complex__(); v.__complex__()",
    "__float__": "z.__float__(); v.__float__()",
    "__int__": "z.__int__(); v.__int__()",
    "__index__": "i[0].__index__(); i.__index__(); np.array(3).__index__()",
    "__len__": "v.__len__(); z.__len__(); e.__len__()",
    "__contains__": "v.__contains__(4.0); v.__contains__(9)",
    "__iter__": "list(v.__iter__()); z.__iter__(); list(iter(m))",
    "__getitem__": "v.__getitem__(1); m.__getitem__((0, 1)); v.__getitem__(9)",
    "__setitem__": "v.__setitem__(1, 5); v.__setitem__(9, 1)",
    "__str__": "v.__str__(); m.__str__(); z.__str__(); t.__str__(); r.__str__()",
    "__format__": "z.__format__('.2f'); v.__format__(''); v.__format__('.2f')",
    "__array__": "v.__array__(float, copy=True); v.__array__('f4'); "
    "v.__array__('f4', copy=False); v.__array__(copy=True); v.__array__(None, copy=True)",
    "__array_interface__": "sorted(v.__array_interface__); m.__array_interface__['shape']; "
    "r.__array_interface__['descr']; v.__array_interface__['strides']; "
    "v.__array_interface__['data'][1]",
    "__array_struct__": "type(v.__array_struct__).__name__",
    "__array_namespace__": "v.__array_namespace__() is np; "
    "v.__array_namespace__(api_version='2023.12') is np; v.__array_namespace__(api_version='1.0')",
    "__dlpack__": "type(v.__dlpack__()).__name__; t.__dlpack__(); v.__dlpack__(stream=1); "
    "type(v.__dlpack__(max_version=(1, 0))).__name__",
    "__dlpack_device__": "v.__dlpack_device__()",
    "__class_getitem__": "type(v).__class_getitem__((1, 2)) is None",
    "__dir__": "set(np.ndarray.__dir__(v)) <= set(v.__dir__())",
    "__hash__": "v.__hash__",
    "__getattribute__": "v.__getattribute__('size')",
    "__setattr__": "v.__setattr__('real', 1); v.__setattr__('missing', 1)",
    "__delattr__": "v.__delattr__('missing'); v.__delattr__('shape'); v.__delattr__('real'); "
    "v.__delattr__('flat'); v.__delattr__('T')",
    "__buffer__": "v.__buffer__(0).tolist()",
    "_set_shape": "v._set_shape((2, 3))",
    "_set_dtype": "v._set_dtype(np.dtype('i8'))",
}
METHODS |= {
    f"__{name}__": f"v.__{name}__(w); i.__{name}__(2); v.__{name}__('x'); v.__{name}__(None)"
    for name in (
        "add sub mul truediv floordiv mod pow divmod lshift rshift and or xor eq ne lt le gt ge "
        "radd rsub rmul rtruediv rfloordiv rmod rpow rdivmod rlshift rrshift rand ror rxor "
        "iadd isub imul itruediv ifloordiv imod ipow ilshift irshift iand ior ixor"
    ).split()
}
METHODS["__rmod__"] = (
    "v.__rmod__(w); i.__rmod__(2); v.__rmod__(None)"  # 'x' % d formats a string, as 'x' % a does
)
METHODS |= {
    f"__{name}__": f"s.__{name}__(s); v.__{name}__(w); v.__{name}__(2)"
    for name in ("matmul", "rmatmul", "imatmul")
}

NOT_COMPARED = {
    "copy": "gives a DynamicArray", "__copy__": "gives a DynamicArray",
    "__deepcopy__": "gives a DynamicArray", "resize": "works where ndarray's refuses",
    "__delitem__": "deletes rows, where ndarray refuses", "__reduce__": "pickles a DynamicArray",
    "__reduce_ex__": "pickles a DynamicArray", "__setstate__": "for pickles of ndarrays",
    "__getstate__": "object's", "__repr__": "has the name of the class",
    "__sizeof__": "counts the capacity used", "__array_finalize__": "test_dispatch.py",
    "__array_wrap__": "test_dispatch.py",
    "__array_function__": "every function is a case of it",
    "__array_ufunc__": "every ufunc is a case of it", "__array_priority__": "test_dispatch.py",
    "ptp": "gone, says NumPy 2.0", "itemset": "gone, says NumPy 2.0",
    "newbyteorder": "gone, says NumPy 2.0",
    "__class__": "is DynamicArray", "__doc__": "its own", "__new__": "other arguments",
    "__init__": "object's", "__init_subclass__": "object's", "__subclasshook__": "object's",
}
# Compared for the arrays of their cases, but not for others.
AS_WRITTEN = {
    "strides": "NumPy gives empty arrays strides of 0, which can't grow",
    "ctypes": "it has the strides",
    "__buffer__": "it has the strides",
    "fill": "an array that fills one of objects is in it itself",
    "__array__": "it gives a plain view where ndarray gives itself",
    "__iter__": "its iterator is compared by its repr, which only an exception has in common",
}
TABLE = {name: texts for name, texts in METHODS.items() if hasattr(np.ndarray, name)}


def takes(name, parameter):
    method = getattr(np.ndarray, name)
    try:
        return parameter in inspect.signature(method).parameters
    except (TypeError, ValueError):  # older NumPy says it in words
        return re.search(rf"\b{parameter}=", (method.__doc__ or "").strip().partition("\n")[0])


# Without arguments, these give what is no comparison: addresses, iterators, hashes, nothing.
WITHOUT_ARGUMENTS = {
    "sort", "byteswap", "__dlpack__", "ctypes", "data", "flags", "__hash__", "__dir__",
    "__array_struct__", "__array_interface__", "__array_namespace__", "__buffer__", "dumps",
    "__iter__", "__array__", "__class_getitem__",
}
