"""What runs the cells of a live page: outputs, errors, widgets and exercises, in the worker's Python, without IPython.

Messages to the page are those of Jupyter's notebook format where it has one. `worker.js` says how they travel.
"""
