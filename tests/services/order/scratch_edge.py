import json
from tests.services.order.stock import *
async def test_edge(service):
    order = await service("order")
    await stock(order,"laundry")
    out=[]
    doc=(await order.http.get("/openapi.json")).json()
    out.append(str([p for p in doc["paths"] if "catalog" in p or "staff/order" in p]))
    h=order.bearer(STAFF,Role.STAFF)
    for reason in ('a\\u0000bc','abc\\ud800'):
        body=json.dumps({**demo_offering("suit_dry_cleaning"),"rank":7}); 
        body=body.replace('"reason": "demo data"','"reason": "%s"'%reason)
        r=await order.http.put("/staff/order/offerings/suit_dry_cleaning",content=body,headers={**h,"content-type":"application/json"}); out.append(f"{reason!r} {r.status_code} {r.text[:300]}")
    body=demo_offering("suit_dry_cleaning"); body["keywords"]=["x\u0000y"]
    r=await put(order,"/staff/order/offerings/suit_dry_cleaning",body); out.append(f"{r.status_code} {r.text[:300]}")
    body=demo_offering("suit_dry_cleaning"); body["book"]["base_minor"]=10**30
    r=await put(order,"/staff/order/offerings/suit_dry_cleaning",body); out.append(f"{r.status_code} {r.text[:200]}")
    body=demo_offering("suit_dry_cleaning"); body["effective_at"]="9999-12-31T23:59:59Z"
    r=await put(order,"/staff/order/offerings/suit_dry_cleaning",body); out.append(f"{r.status_code} {r.text[:200]}")
    for q in ("a\x00b","%","𠮷野家","é","\U0010ffff"):
        r=await order.http.get("/catalog/offerings",params={"q":q}); out.append(f"{q!r} {r.status_code}")
    r=await order.http.get("/catalog/categories",headers={"accept-language":"x"*300}); out.append(f"{r.status_code} {r.text[:200]}")
    r=await order.http.get("/catalog/categories",headers={"if-none-match":"x"*3000}); out.append(f"{r.status_code} {r.text[:200]}")
    r=await order.http.get("/catalog/offerings?q=&district="); out.append(f"{r.status_code} {r.text[:200]}")
    open("/tmp/gen/edge.txt","w").write("\n".join(out))
