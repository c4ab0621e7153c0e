curl http://localhost:8000/api/v1/traces \
  -H 'Authorization: Bearer YOUR_API_KEY' \
  -H 'Content-Type: application/json' \
  -d '{
    "agent_id": "getting-started",
    "status": "success",
    "latency_ms": 1234.5,
    "model": "gpt-4o-mini",
    "tokens_input": 812,
    "tokens_output": 96,
    "quality_score": 87.5,
    "session_id": "session-1",
    "user_id": "user-1",
    "input": "Where is my parcel?",
    "output": "It arrives tomorrow."
  }'
