"""The public keys of access tokens."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.user.domain.ports import AccessTokens
from shared.kit.web import port

router = APIRouter(tags=["keys"])


class JwksView(BaseModel):
    """A JSON Web Key Set of RFC 7517."""

    keys: list[dict[str, Any]]


@router.get("/.well-known/jwks.json")
async def get_jwks(
    tokens: Annotated[AccessTokens, Depends(port("access_tokens"))],
) -> JwksView:
    """The keys by which every service verifies access tokens; several while one is rotated."""
    return JwksView.model_validate(tokens.jwks())
