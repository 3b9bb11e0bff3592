"""The cookie with which admins open the tools below /tools."""

from http.cookies import SimpleCookie

import pytest

from api.ops import tools

URL = "/api/admin/tools"


async def test_the_cookie_holds_the_token_for_tools_only_and_until_it_ends(api, as_):
    headers = as_("admin")

    answer = await api.post(URL, headers=headers)

    assert answer.status_code == 204
    cookie = SimpleCookie(answer.headers["set-cookie"])[tools.COOKIE]
    assert cookie.value == headers["Authorization"].removeprefix("Bearer ")
    assert cookie["path"] == "/tools"
    assert cookie["httponly"]
    assert cookie["samesite"] == "strict"
    assert cookie["expires"].endswith("GMT")


async def test_the_cookie_is_sent_over_tls_only_where_there_is_tls(api, as_):
    plain = await api.post(URL, headers=as_("admin"))
    secure = await api.post(f"https://chairtime{URL}", headers=as_("admin"))

    assert "secure" not in plain.headers["set-cookie"].lower().split("; ")
    assert "secure" in secure.headers["set-cookie"].lower().split("; ")


@pytest.mark.parametrize("role", ["patient", "dentist", "desk", "agent"])
async def test_tools_are_refused_to_all_but_admins(role, api, as_):
    for method in ("GET", "POST"):
        answer = await api.request(method, URL, headers=as_(role))
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


async def test_a_proxy_learns_that_an_admin_may_and_that_nobody_else_may(api, as_):
    assert (await api.get(URL, headers=as_("admin"))).status_code == 204
    assert (await api.get(URL)).status_code == 401
    assert (await api.get(URL, headers={"Authorization": "Bearer "})).status_code == 401


async def test_a_token_that_no_browser_keeps_in_a_cookie_is_refused(api, as_, monkeypatch):
    monkeypatch.setattr(tools, "MAX_COOKIE", 100)

    answer = await api.post(URL, headers=as_("admin"))

    assert answer.status_code == 403
    assert "longer than a cookie" in answer.json()["detail"]
