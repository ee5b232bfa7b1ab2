"""Measure a model on public sets with labels of their own: ``python -m models.public --texts DIR --out FILE``.

Three things are measured: the polarity of a whole text, the polarity at the place of an aspect, and the category of an
aspect as a touchpoint (`models/data/public.yaml` says which). Only texts of a set's test share by `split_part` are
taken, and none that this project annotated to train or tune models. The files are JSON lines, one file a set, with
`id`, `text` and, as far as the set has them, `sentiment`, `reason` and `aspects`. No text gets into the document.

The way of the data: `reading`, `pairs`, `figures`, `document`.
"""
