"""What is kept: state and its bound, activations, workspace, and the traffic that it takes."""
