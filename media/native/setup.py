"""One wheel for all versions of Python from 3.11 on."""

from setuptools import setup

setup(
    cffi_modules=["build_native.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
