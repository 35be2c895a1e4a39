"""What makes a page of the book: figures, pictures as text, explorers, exercises that answer back.

Each name is imported when it is first asked for, so that judging an answer does not wait for Matplotlib. The names are
listed once, in `__init__.pyi`, which type checkers and editors read too.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
