import numpy as np

def handle_capsule(array: np.ndarray, name: str) -> object: ...

api: object  # a capsule
