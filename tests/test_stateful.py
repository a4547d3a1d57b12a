"""Random programs of all that changes an array, a few of each run's seed: support/random_programs.py has them."""

from random_programs import DynamicArrayMachine

TestDynamicArray = DynamicArrayMachine.TestCase
