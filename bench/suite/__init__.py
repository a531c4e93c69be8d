"""What bench/run is made of: engines and how they are told, measuring, what is printed and drawn."""
