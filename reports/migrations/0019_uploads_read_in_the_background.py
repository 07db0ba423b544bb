from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0018_raw_messages_in_a_bucket"),
    ]

    operations = [
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[("reread", "reread"), ("import", "import"), ("upload", "upload")], max_length=10
            ),
        ),
    ]
