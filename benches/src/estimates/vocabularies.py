"""Counts texts as other makers' models do, by the vocabularies that lie in their packages: `python vocabularies.py DIRECTORY` of
wheels. Reads conversations, each a list of texts, as JSON, and tells for each vocabulary how many tokens each conversation has."""

import base64
import json
import pathlib
import re
import sys
import zipfile

import sentencepiece
import tiktoken
import tokenizers


def ranked(pattern, ranks):
    encoding = tiktoken.Encoding("other", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return lambda text: len(encoding.encode_ordinary(text))


def llama(data, source, pattern):
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, data.splitlines())}
    return ranked(re.search(pattern, source.decode())[1], ranks)


def tekken(data):
    told = json.loads(data)
    config = told["config"]
    tokens = told["vocab"][: config["default_vocab_size"] - config["default_num_special_tokens"]]
    return ranked(config["pattern"], {base64.b64decode(token["token_bytes"]): token["rank"] for token in tokens})


def sentences(data):
    processor = sentencepiece.SentencePieceProcessor(model_proto=data)
    return lambda text: len(processor.encode(text))


def hugging_face(data):
    tokenizer = tokenizers.Tokenizer.from_str(data.decode())
    return lambda text: len(tokenizer.encode(text).ids)


def vocabularies(directory):
    def read(package, path):
        (wheel,) = pathlib.Path(directory).glob(f"{package}-*.whl")
        return zipfile.ZipFile(wheel).read(f"{package}/{path}")

    def of_llama(name, pattern):
        return llama(read("llama_models", f"{name}/tokenizer.model"), read("llama_models", f"{name}/tokenizer.py"), pattern)

    return {
        "Claude 2": hugging_face(read("anthropic", "tokenizer.json")),
        "Llama 3": of_llama("llama3", r'pat_str = r"(.*)"'),
        "Llama 4": of_llama("llama4", r'O200K_PATTERN = r"""(.*)"""'),
        "Mistral 7B": sentences(read("mistral_common", "data/tokenizer.model.v1")),
        "Mistral NeMo": tekken(read("mistral_common", "data/tekken_240911.json")),
    }


conversations = json.load(sys.stdin)
count_all = lambda count: [sum(map(count, texts)) for texts in conversations]
json.dump({name: count_all(count) for name, count in vocabularies(sys.argv[1]).items()}, sys.stdout)
