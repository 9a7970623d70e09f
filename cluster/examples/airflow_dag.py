"""The pipeline as one Airflow task: its own records say which stages are done, so that a retry goes on where it was."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    dag_id="kindling_books",
    schedule="0 1 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
) as dag:
    BashOperator(
        task_id="pipeline",
        # exit code 4: another scheduler runs it, which Airflow shows as skipped
        bash_command="/opt/kindling/kindling pipeline /opt/kindling/books.yaml --master spark://north:7077",
        skip_on_exit_code=4,
        retries=3,
        retry_delay=timedelta(minutes=5),
    )
