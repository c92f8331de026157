"""APIs of language models: the official Python clients of OpenAI, Anthropic and Google, and a server
that answers in their shapes.

    models.py serve | talk

No model answers here: every word and every key is made up.
"""

import asyncio
import json
import sys

from aiohttp import web

ADDRESS, PORT = "127.0.0.1", 8090
TOOL = {"name": "get_weather", "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
refused = 0


async def stream(request, pieces, named=False):
    """Events, a little apart; with their types as names where the API does so."""
    reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await reply.prepare(request)
    for piece in pieces:
        await asyncio.sleep(0.02)
        text = piece if isinstance(piece, str) else json.dumps(piece)
        name = f"event: {piece['type']}\n" if named else ""
        await reply.write(f"{name}data: {text}\n\n".encode())
    return reply


def chunk(delta, reason=None, **more):
    choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-tea-2",
            "choices": choices} | more


async def chat(request):
    global refused
    asked = await request.json()
    if asked["model"] == "gpt-busy" and refused == 0:
        refused += 1
        error = {"message": "Rate limit reached", "type": "rate_limit_error", "code": "rate_limit"}
        return web.json_response({"error": error}, status=429, headers={"Retry-After": "0"})
    usage = {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30,
             "prompt_tokens_details": {"cached_tokens": 8}, "cost": 0.00042}
    if asked.get("stream"):
        call = {"index": 0, "id": "call_1", "type": "function",
                "function": {"name": "get_weather", "arguments": ""}}
        return await stream(request, [
            chunk({"role": "assistant", "content": ""}), chunk({"tool_calls": [call]}),
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city":"Leeds"}'}}]}),
            chunk({}, "tool_calls"), chunk({}, None, choices=[], usage=usage), "[DONE]"])
    message = {"role": "assistant", "content": "Steep it for three minutes."}
    return web.json_response({
        "id": "chatcmpl-2", "object": "chat.completion", "created": 1, "model": "gpt-tea-2",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage})


async def response(request):
    asked = await request.json()
    done = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed",
            "model": "gpt-tea-2", "error": None, "parallel_tool_calls": True, "tool_choice": "auto",
            "tools": [], "output": [{"type": "function_call", "id": "fc_1", "call_id": "c_1",
                                     "name": "get_weather", "arguments": "{}", "status": "completed"}],
            "usage": {"input_tokens": 11, "output_tokens": 5, "total_tokens": 16,
                      "input_tokens_details": {"cached_tokens": 0},
                      "output_tokens_details": {"reasoning_tokens": 2}}}
    if not asked.get("stream"):
        return web.json_response(done)
    begun = done | {"status": "in_progress", "output": [], "usage": None}
    return await stream(request, [
        {"type": "response.created", "sequence_number": 0, "response": begun},
        {"type": "response.function_call_arguments.delta", "sequence_number": 1, "item_id": "fc_1",
         "output_index": 0, "delta": "{}"},
        {"type": "response.completed", "sequence_number": 2, "response": done}], named=True)


async def embeddings(_request):
    return web.json_response({
        "object": "list", "model": "embed-tea", "usage": {"prompt_tokens": 4, "total_tokens": 4},
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}]})


async def messages(request):
    asked = await request.json()
    usage = {"input_tokens": 17, "output_tokens": 1, "cache_read_input_tokens": 6}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-tea",
               "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    if not asked.get("stream"):
        return web.json_response(message | {
            "content": [{"type": "text", "text": "Green tea."}], "stop_reason": "end_turn",
            "usage": usage | {"output_tokens": 4}})
    pieces = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block":
            {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}},
        {"type": "content_block_delta", "index": 0, "delta":
            {"type": "input_json_delta", "partial_json": '{"city":"Leeds"}'}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None},
         "usage": {"output_tokens": 28}},
        {"type": "message_stop"}]
    if asked["model"] == "claude-busy":
        pieces[2:] = [{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}]
    return await stream(request, pieces, named=True)


def candidate(text, reason=None, **more):
    found = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    if reason:
        found["finishReason"] = reason
    return {"candidates": [found], "modelVersion": "gemini-tea-001"} | more


async def gemini(request):
    usage = {"promptTokenCount": 13, "candidatesTokenCount": 6, "totalTokenCount": 19}
    if request.path.endswith(":streamGenerateContent"):
        return await stream(request, [
            candidate("White "), candidate("tea.", "STOP", usageMetadata=usage)])
    return web.json_response(candidate("Black tea.", "STOP", usageMetadata=usage))


async def serving():
    app = web.Application()
    app.add_routes([
        web.post("/v1/chat/completions", chat), web.post("/v1/responses", response),
        web.post("/v1/embeddings", embeddings), web.post("/v1/messages", messages),
        web.post("/v1/models/{model}", gemini)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, ADDRESS, PORT).start()
    await asyncio.get_running_loop().create_future()


def talk_openai(base):
    import openai
    client = openai.OpenAI(api_key="sk-made-up-key-0123456789abcdef", base_url=f"{base}/v1")
    asked = [{"role": "user", "content": "How long do I steep a made-up tea?"}]
    client.chat.completions.create(model="gpt-tea", messages=asked)
    tools = [{"type": "function", "function": TOOL}]
    for _ in client.chat.completions.create(
            model="gpt-tea", messages=asked, tools=tools, stream=True,
            stream_options={"include_usage": True}):
        pass
    client.chat.completions.create(model="gpt-busy", messages=asked)
    for _ in client.responses.create(model="gpt-tea", input="A made-up question", stream=True):
        pass
    client.embeddings.create(model="embed-tea", input="made-up tea", encoding_format="float")


def talk_anthropic(base):
    import anthropic
    client = anthropic.Anthropic(api_key="made-up-anthropic-key", base_url=base, max_retries=0)
    asked = [{"role": "user", "content": "Which made-up tea is green?"}]
    client.messages.create(model="claude-tea", max_tokens=50, messages=asked)
    tools = [{"name": TOOL["name"], "description": "Weather", "input_schema": TOOL["parameters"]}]
    for model in ("claude-tea", "claude-busy"):
        try:
            for _ in client.messages.create(model=model, max_tokens=50, messages=asked, tools=tools,
                                            stream=True):
                pass
        except anthropic.APIStatusError:
            pass


def talk_gemini(base):
    from google import genai
    client = genai.Client(api_key="made-up-gemini-key", http_options={"base_url": base})
    client.models.generate_content(model="gemini-tea", contents="Which made-up tea is black?")
    for _ in client.models.generate_content_stream(model="gemini-tea", contents="And white?"):
        pass


if sys.argv[1] == "serve":
    asyncio.run(serving())
else:
    BASE = f"http://{ADDRESS}:{PORT}"
    talk_openai(BASE)
    talk_anthropic(BASE)
    talk_gemini(BASE)
