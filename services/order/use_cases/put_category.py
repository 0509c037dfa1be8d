"""Make a category of the catalogue, or change it."""

from services.order.domain.catalogue import CategoryTerms
from services.order.domain.indexing import offering_tokens
from services.order.storage.catalogue import CategoryRow, OfferingRow, catalogue_for_update
from services.order.storage.catalogue_changes import (
    offerings_to_index,
    record_change,
    synonyms_of,
)
from shared.kit.caller import Caller
from shared.kit.masks import scrub
from shared.kit.session import Transaction
