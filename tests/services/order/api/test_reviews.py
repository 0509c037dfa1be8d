"""Reviews as others read them: of an offering, nameless, page by page."""

from shared.kit.ids import new_id
from tests.services.order.works import Works, others
from tests.support.service import as_json


async def test_anybody_reads_them_newest_first_page_by_page(own_works: Works) -> None:
    for stars in (3, 4, 5):
        works = others(own_works)
        as_json(await works.review(await works.accepted(), rating=stars, text=f"{stars} stars"))
    url = f"/catalog/offerings/{own_works.shop.cleaning}/reviews"
    first = as_json(await own_works.http.get(f"{url}?limit=2"))
    rest = as_json(await own_works.http.get(f"{url}?limit=2&cursor={first['next_cursor']}"))

    listed = [(each["rating"], each["text"]) for each in first["items"] + rest["items"]]
    assert listed == [(5, "5 stars"), (4, "4 stars"), (3, "3 stars")]
    assert rest["next_cursor"] is None
    assert set(first["items"][0]) == {"id", "rating", "scores", "text", "reviewed_at"}


async def test_a_phone_number_in_a_review_is_masked(works: Works) -> None:
    order = await works.accepted()
    as_json(await works.review(order, text="Ask for Ming, 9123 4567."))
    url = f"/orders/{order['id']}/review"
    mine = as_json(await works.http.get(url, headers=works.shop.as_user()))

    assert mine["text"].startswith("Ask for Ming")
    assert "4567" not in mine["text"]


async def test_the_words_of_who_was_forgotten_are_gone_and_the_stars_stay(works: Works) -> None:
    order = await works.accepted()
    as_json(await works.review(order, rating=2, text="Late."))
    await works.forget_user()
    url = f"/orders/{order['id']}/review"
    mine = as_json(await works.http.get(url, headers=works.shop.as_user()))

    assert (mine["rating"], mine["text"]) == (2, None)


async def test_no_review_is_not_found_and_not_made_up(works: Works) -> None:
    order = await works.accepted()
    url = f"/orders/{order['id']}/review"
    own = await works.http.get(url, headers=works.shop.as_user())
    other = await works.http.get(url, headers=works.shop.as_user(user=new_id()))
    unknown = as_json(await works.http.get(f"/catalog/offerings/{new_id()}/reviews"))

    assert own.json()["type"].endswith("/review-not-found")
    assert other.json()["type"].endswith("/order-not-found")
    assert unknown == {"items": [], "next_cursor": None}
