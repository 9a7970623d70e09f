"""What transformers makes of conversations with chat templates: chat-templates.json (transformers 5.18.0, Jinja2 3.1.6).

    python golden/chat_templates.py golden/chat-templates.json

The templates are written for this file, from the formats that their models publish.
"""
import datetime
import json
import sys

import transformers.utils.chat_template_utils as utils
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TEMPLATES = {
    "chatml": """{% for message in messages %}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{ '<|im_start|>assistant\\n' }}
{%- endif %}""",
    "chatml-default-system": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are \"helpful\".<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message.role + '\n' + message.content}}{% if not loop.last or add_generation_prompt %}"
    "{{ '<|im_end|>' + '\n' }}{% else %}{{ '<|im_end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "llama-3": "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    "llama-3.1": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- A first system message stands at the top, with the tools. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {{- 'Respond with {"name": function name, "parameters": dictionary}.' }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}

{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("Tools need a first user message!") }}
    {%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>"}}
{%- endif %}

{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "mistral": "{% if messages[0]['role'] == 'system' %}{% set system_message = messages[0]['content'] %}"
    "{% set loop_messages = messages[1:] %}{% else %}{% set loop_messages = messages %}{% endif %}{{ bos_token }}"
    "{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate user/assistant/user/assistant/...!') }}{% endif %}"
    "{% if message['role'] == 'user' %}{% if loop.first and system_message is defined %}"
    "{{ '[INST] ' + system_message + '\n\n' + message['content'] + ' [/INST]' }}{% else %}"
    "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% endif %}{% elif message['role'] == 'assistant' %}"
    "{{ ' ' + message['content']|trim + eos_token }}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}"
    "{% endif %}{% endfor %}",
    "llama-2": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "zephyr": """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
    "gemma": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}",
    "phi-3": "{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}"
    "{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}"
    "{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}"
    "{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}",
    "qwen-2.5": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are a helpful assistant.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools>\\n\\n<tool_call>\\n{\\"name\\": <function-name>, \\"arguments\\": <args-json-object>}\\n</tool_call><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "qwen-3": """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    "parts": """{%- macro text_of(content, before='') -%}
    {%- if content is string -%}
        {{ before ~ content }}
    {%- elif content is none -%}
        {{- '' -}}
    {%- else -%}
        {%- for part in content if part.type == 'text' -%}
            {{ part['text'] }}{% if not loop.last %} | {% endif %}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
{%- set system = messages | selectattr('role', 'equalto', 'system') | map(attribute='content') | list -%}
{{ system | length }} system, roles {{ messages | map(attribute='role') | join(', ') | upper }}
{% for message in messages if message.role != 'system' %}
{% if message.role not in ['user', 'assistant'] %}{% continue %}{% endif %}
{{ loop.index }}/{{ loop.length }} {{ message.role.title() }}: {{ text_of(message.content, before='> ') }}
{% if '?' in message.content %}
  asked{{ '!' * 2 }}
{% endif %}
{% if loop.index >= 3 %}{% break %}{% endif %}
{% else %}
nobody
{% endfor %}
{% for key, value in {'a': 1, 'b': [1, 2.5, true, none]}.items() %}
{{ key }}={{ value }};
{%- endfor %}
{{ [1, 2] + [3] }} {{ 7 // 2 }} {{ 7 / 2 }} {{ 2 ** 3 }} {{ -7 % 3 }} {{ 'x' if missing else 'y' }}{{ missing }}{{ 'z' if missing }}
{{ (missing or 'fallback') ~ 1 ~ none }} {{ missing | default('d') }} {{ 'abc'[1:] }} {{ 'abc'[-1] }} {{ 'a,b' .split(',') }}
{{ 'It' + "'" + 's' }} {{ 'a\\tb' | length }} {{ "<&>'" | tojson }} {{ {'k': 'é"\\\\'} | tojson }} {{ 1 == 1.0 }} {{ 'a' < 'b' and not 1 > 2 }}
{% set title %}
block {{ 1 + 1 }}
{% endset %}
{{ title | trim }}{{ 'replace'.replace('e', 'E') }} {{ ' s ' | trim | first }} {{ 'one' is in ['one'] }} {{ messages[0].content is defined }} {{ messages[0].nothing is defined }}
""",
    "generation": """{% for message in messages %}
{% if message.role == 'assistant' %}
<|im_start|>assistant
{% generation %}{{ message.content }}<|im_end|>{% endgeneration %}

{% else %}
{{ '<|im_start|>' + message.role }}
{{ message.content }}<|im_end|>
{% endif %}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\n' }}
{% endif %}""",
}

ODD = "  \"It's\" \\n C:\\new {{ 7 * 7 }} {% raise %} {# no #} <b>&amp;</b> ça 東京 \U0001F600\te\u0301\n\n"
WEATHER = {"type": "function", "function": {"name": "weather", "description": "Tells the weather; <b>now</b> & 'here'",
           "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Où?"}, "days": {"type": "integer"}},
                          "required": ["city"]}}}
U, A, S, T = ({"role": role} for role in ("user", "assistant", "system", "tool"))
CONVERSATIONS = {
    "one-question": [{**U, "content": "Who are you?"}],
    "with-system": [{**S, "content": "Be brief. "}, {**U, "content": "Hi"}, {**A, "content": " Hello! "}, {**U, "content": "Bye?"}],
    "odd": [{**U, "content": ODD}, {**A, "content": ODD}, {**U, "content": ODD}],
    "empty": [{**S, "content": ""}, {**U, "content": ""}, {**A, "content": ""}],
    "long": [{**U, "content": "1\n\n2"}, {**A, "content": "a"}, {**U, "content": "3?"}, {**A, "content": "\n\nb\n"}, {**U, "content": "\n4"}, {**A, "content": "c"}],
    "assistant-first": [{**A, "content": "Hello"}, {**U, "content": "Hi"}],
    "two-systems": [{**S, "content": "one"}, {**S, "content": "two"}, {**U, "content": "Hi"}],
    "thinking": [{**U, "content": "2 + 2?"}, {**A, "content": "<think>\nfour\n</think>\n\n4"}, {**U, "content": "3 + 3?"},
                 {**A, "content": "6", "reasoning_content": "six\n"}],
    "tools": [{**U, "content": "Weather in Zürich?"},
              {**A, "content": None, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Zürich", "days": 2, "exact": 1.5, "deep": {"a": [True, None], "e": {}, "l": []}}}}]},
              {**T, "content": "{\"sky\": \"blue\"}"}, {**T, "content": "7 °C"}, {**A, "content": "Blue."}],
    "parts": [{**U, "content": [{"type": "text", "text": "one"}, {"type": "image"}, {"type": "text", "text": "two?"}]}, {**A, "content": "three"}],
}


class Then(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2025, 3, 7, 9, 5, 1)


def tokenizer():
    tokens = Tokenizer(models.BPE())
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokens.train_from_iterator(["the assistant and the user are in the system", ODD, "Hello? Bye! one two three four"] * 9, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokens, bos_token="<s>", eos_token="</s>")


def lines(value):
    """JSON with each element of a collection on a line of its own."""
    if isinstance(value, list) and len(value) > 1:
        return "[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in value) + "\n]"
    if isinstance(value, dict):
        return "{\n" + ",\n".join(json.dumps(name) + ": " + json.dumps(one, ensure_ascii=False) for name, one in value.items()) + "\n}"
    return json.dumps(value, ensure_ascii=False)


def main(path):
    utils.datetime = Then
    hf = tokenizer()
    cases = []
    for name, template in TEMPLATES.items():
        for chat, messages in CONVERSATIONS.items():
            tools = [WEATHER] if chat == "tools" else None
            for prompt in (False, True):
                case = {"template": name, "conversation": chat, "addGenerationPrompt": prompt}
                try:
                    case["rendered"] = hf.apply_chat_template(messages, tools=tools, chat_template=template, tokenize=False, add_generation_prompt=prompt)
                    encoded = hf.apply_chat_template(messages, tools=tools, chat_template=template, tokenize=True, return_dict=True,
                                                     add_generation_prompt=prompt, return_assistant_tokens_mask=name == "generation")
                    if name in ("generation", "chatml"):
                        case["ids"] = encoded["input_ids"]
                    if name == "generation":
                        case["mask"] = encoded["assistant_masks"]
                except Exception as wrong:
                    case["error"] = f"{type(wrong).__name__}: {wrong}"
                cases.append(case)
    golden = {"bos": "<s>", "eos": "</s>", "now": "2025-03-07T09:05:01", "tokenizer": json.loads(hf.backend_tokenizer.to_str()), "templates": TEMPLATES,
              "conversations": CONVERSATIONS, "tools": [WEATHER], "cases": cases}
    with open(path, "w", encoding="utf-8") as out:
        out.write("{\n" + ",\n".join(json.dumps(name) + ": " + lines(value) for name, value in golden.items()) + "\n}\n")
    print(len(cases), "cases,", sum("error" in case for case in cases), "errors")
    for case in cases:
        if "error" in case:
            print(case["template"], case["conversation"], case["error"][:100])


if __name__ == "__main__":
    main(sys.argv[1])
