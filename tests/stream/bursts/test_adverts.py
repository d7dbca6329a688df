"""Goods on offer are told by words of selling and a way to buy, in many languages."""

from __future__ import annotations

import pytest

from stream.bursts.adverts import is_advert


@pytest.mark.parametrize(
    "text",
    [
        "🛍 아린 포카 최저가 9000원 당일 발송 DM 주세요",
        "arin photocard lowest price, ships today, DM",
        "SALE 30% off official arin lightsticks, order now",
        "アリン トレカ 送料無料 購入はこちら",
        "アリン 現貨 特价 $12",
    ],
)
def test_an_offer_with_a_way_to_buy_is_an_advert(text: str) -> None:
    assert is_advert(text.casefold(), linked=False)


@pytest.mark.parametrize(
    "text",
    ["I bought the album on sale and cried", "아린 정품 응원봉 드디어 왔다", "hello", ""],
)
def test_talk_about_things_bought_is_none(text: str) -> None:
    assert not is_advert(text.casefold(), linked=False)


def test_a_link_is_a_way_to_buy() -> None:
    assert is_advert("restocked today", linked=True)
    assert not is_advert("look at this", linked=True)
