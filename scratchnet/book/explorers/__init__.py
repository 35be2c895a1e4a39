"""The explorers of the book, one a file: `explorers.NAME()` computes and returns the one in NAME.py."""

import pkgutil

import lazy_loader

NAMES = sorted(module.name for module in pkgutil.iter_modules(__path__))

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={name: [name] for name in NAMES})
