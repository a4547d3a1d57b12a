"""
Importing: each timed import in a new interpreter, from files that the system has read before.

NumPy's own import is the baseline; what is left to pay for a program that has it is apart.
"""


class Import:
    code = {
        "nothing": ("pass", ""),
        "numpy": ("import numpy", ""),
        "cppdynarray": ("import cppdynarray", ""),
        "cppdynarray, after numpy": ("import cppdynarray", "import numpy"),
        "cppdynarray.numpy, after both": ("import cppdynarray.numpy", "import numpy, cppdynarray"),
    }
    params = [list(code)]
    param_names = ["module"]
    number = 1

    def timeraw_import(self, module):
        return self.code[module]
