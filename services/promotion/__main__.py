"""``python -m services.promotion api | background | all | migrate | check``."""

from shared.run.process import main

if __name__ == "__main__":
    main("services.promotion")
