"""python -m services.payment api | background | all | migrate | check | redeliver | replay."""

from services.payment import storage
from services.payment.app import build
from services.payment.settings import Settings
from shared.kit.process import main

if __name__ == "__main__":
    main(Settings, build, storage)
