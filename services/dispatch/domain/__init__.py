"""The rules of dispatch: who may take a job, what each choice costs, what may happen to it."""
