"""python -m services.payment api | background | all | migrate | check | redeliver | replay."""

from shared.run.process import main

if __name__ == "__main__":
    main("services.payment")
