"""The parts of `train_mnist.py`: data, network, training, comparison with the tape, plots."""
