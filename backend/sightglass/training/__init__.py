"""Training and export of models. The only room, with the engine, that may import torch."""
