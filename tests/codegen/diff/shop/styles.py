"""The shop's client, used in ways that people also use one: async, partial, patterns, mappings, no annotations."""

import asyncio
import datetime
from dataclasses import dataclass
from functools import partial

import shop_api.v1 as shop
from shop_api.v1 import Api, AsyncApi
from shop_api.v1 import models as m
from shop_api.v1 import operations as ops
from shop_api.v1.models import Item as Thing


@dataclass
class Row:
    item: Thing


def row_weight(row: Row) -> object:
    return row.item.weight  # breaks


async def go(api: AsyncApi) -> None:
    await api.items.list(tag="x")  # breaks
    await api.items.archive("1")  # breaks
    async with AsyncApi() as other:
        one = await other.items.get("i")
        print(one.name)
        print(one.weight)  # breaks


def low(api: Api) -> None:
    api.client.send(ops.items.archive_item("1"))  # breaks
    api.client.send(ops.items.get_item("1"))


def untyped(api: Api):
    thing = api.items.get("1")
    return thing.weight  # breaks


def no_annotations_at_all(path):
    api = Api(base_url=path)
    for order in api.orders.list(since=datetime.date.today()):
        print(order.total)  # look
    return api.items.get("1").weight  # breaks


def pattern(x: object) -> object:
    match x:
        case Thing(weight=w):  # breaks
            return w
    return None


archive = partial(shop.Api().items.archive)  # breaks
ranked = sorted([Thing(id="1", name="n", price=1, state="sold")], key=lambda i: str(i.weight))  # breaks


class Child:
    def __init__(self, api: Api) -> None:
        self.api = api
        self.items = {item.id: item for item in api.items.list(limit=10)}

    @property
    def heavy(self) -> list[str]:
        return [f"{item.name} {item.weight}" for item in self.items.values()]  # breaks

    def first(self) -> str | None:
        if (item := self.items.get("a")) and item.state != "draft":  # look
            return item.name
        return None

    def order(self, *lines: m.OrderLine) -> m.Order:
        return self.api.orders.create(m.OrderCreate(lines=[*lines], gift=True))  # look

    def kwargs(self, **options: str) -> m.Item:
        return self.api.items.create(m.ItemCreate(price=3, **options))  # look


asyncio.run(go(AsyncApi()))
