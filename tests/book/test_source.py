import inspect

import pytest
from IPython.display import Markdown

from scratchnet import LinearLayer, sigmoid
from scratchnet.book import show_source


def test_the_source_of_a_class_comes_as_a_highlighted_block_straight_from_the_library():
    shown = show_source(LinearLayer)
    assert isinstance(shown, Markdown)
    assert shown.data == f"```python\n{inspect.getsource(LinearLayer).rstrip()}\n```"
    assert "class LinearLayer(Layer):" in shown.data and "np.matmul(X.mT, dZ, out=self.dW)" in shown.data


def test_several_objects_stand_one_after_the_other():
    shown = show_source(sigmoid, LinearLayer.backward).data
    assert shown.count("```") == 2 and shown.index("def sigmoid") < shown.index("def backward")
    assert "\n\n    @checked_backward\n    def backward" in shown


@pytest.mark.parametrize("thing", [3, len, "a string"])
def test_what_has_no_python_source_is_refused(thing):
    with pytest.raises(TypeError, match="module, class, method, function"):
        show_source(thing)
