"""Runs every test_*.py of this folder and ends with a line that counts what passed."""

import argparse
import pathlib
import sys
import unittest


class Result(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", action="append", metavar="NAME", help="only tests whose names contain NAME")
    parser.add_argument("-f", "--failfast", action="store_true", help="stop at the first failure")
    arguments = parser.parse_args()
    folder = pathlib.Path(__file__).parent
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{name}*" for name in arguments.k] if arguments.k else None
    tests = loader.discover(str(folder), pattern="test_*.py")
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Result, failfast=arguments.failfast, stream=sys.stdout)
    result = runner.run(tests)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.passed} passed, {failed} failed, {len(result.skipped)} skipped")
    return 0 if result.wasSuccessful() and result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
