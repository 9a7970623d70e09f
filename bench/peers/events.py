"""What TensorBoard reads of a folder of event files, as JSON: its version, and every scalar's steps and values."""

import json
import sys

from tensorboard import version
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
events.Reload()
scalars = {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
json.dump({"version": version.VERSION, "scalars": scalars}, sys.stdout)
