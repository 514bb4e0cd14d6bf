"""Ask a network for its numbers, and each number for its arithmetic."""

import pellucid as pc

pc.seed(0)
model = pc.models.lenet5()
train, test = pc.datasets.mnist()
x, y = train.images[:8] / 255, train.labels[:8]

step = pc.TrainStep(model, optimizer=pc.SGD(lr=0.05))
recording = step.record(x, y)  # the next update in the open; the model has not changed
print("recorded:", ", ".join(recording.names()), "\n")

for address in (
    "conv1.output[0,5,14,13]",  # a sum: which pixel times which weight
    "fc3.output[0,7]",  # the logit of class 7
    "grad(conv1.weight)[5,0,0,1]",  # a long sum: every place where this weight was used
):
    trace = recording.explain(address)
    print(trace)
    print("certified:", trace.certified, "\n")

predicted = recording["updated(conv1.weight)"]
recording.commit()  # now make the update
print("the step did what it said:", (model.conv1.weight == predicted).all())
