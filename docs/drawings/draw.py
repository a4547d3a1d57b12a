"""Draw the documentation's drawings, each for light and dark pages.

python3 docs/drawings/draw.py [DIRECTORY]
"""

import sys
from pathlib import Path

import architecture
import growing
import memory

directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
for each in (growing, memory, architecture):
    each.draw(directory)
