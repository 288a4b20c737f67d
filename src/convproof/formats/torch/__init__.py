"""PyTorch modules read into layers and networks: torch.fx follows what a module does, torch.export helps where it cannot."""
